"""What several tests need: trees and their snapshots, the real command, tiny kits."""
