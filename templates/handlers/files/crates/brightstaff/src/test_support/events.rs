//! What a stream writes on the span around it: its attributes, and the events that it logs.

use super::spans::{last_value, text, Recording};

impl Recording {
    /// The attribute of the last span to end that has it, as text.
    pub fn attribute(&self, key: &str) -> Option<String> {
        let spans = self.finished.spans();
        spans.iter().rev().find_map(|span| last_value(span, key))
    }

    /// A field of the events with this message, in order.
    pub fn logged(&self, message: &str, field: &str) -> Vec<String> {
        let spans = self.finished.spans();
        let events = spans.iter().flat_map(|span| span.events.iter());
        events
            .filter(|event| event.name == message)
            .flat_map(|event| &event.attributes)
            .filter(|attribute| attribute.key.as_str() == field)
            .map(|attribute| text(&attribute.value))
            .collect()
    }
}
