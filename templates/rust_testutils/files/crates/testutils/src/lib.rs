//! What the tests of several modules share. A dev-dependency, never part of a release.

pub mod fixtures;
