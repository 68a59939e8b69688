//! The spans that the code under test writes in one test.

use opentelemetry::trace::TracerProvider;
use opentelemetry::{global, Value};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use tracing::subscriber::DefaultGuard;
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

/// The header of a client that traces.
pub const CLIENT_TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Records the spans and events of this thread, so of this test, until it is dropped.
pub struct Recording {
    pub(super) finished: Finished,
    _guard: DefaultGuard,
    _provider: SdkTracerProvider,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Finished(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Finished {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.spans().extend(batch);
        Ok(())
    }
}

impl Finished {
    pub(super) fn spans(&self) -> MutexGuard<'_, Vec<SpanData>> {
        self.0
            .lock()
            .expect("expected an exporter that has not panicked")
    }
}

impl Recording {
    pub fn start() -> Self {
        global::set_text_map_propagator(TraceContextPropagator::new());
        keep_spans_enabled_on_every_thread();
        let finished = Finished::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(finished.clone())
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        Self {
            finished,
            _guard: tracing::subscriber::set_default(subscriber),
            _provider: provider,
        }
    }

    /// The names of the spans, in the order in which they ended.
    pub fn names(&self) -> Vec<String> {
        let spans = self.finished.spans();
        spans.iter().map(|span| span.name.to_string()).collect()
    }

    /// The attribute of the last span with this name to end, as text.
    pub fn attribute_of(&self, name: &str, key: &str) -> Option<String> {
        last_value(&self.last_span(name)?, key)
    }

    pub fn assert_attributes_of(&self, name: &str, expected: &[(&str, &str)]) {
        for (attribute, value) in expected {
            let found = self.attribute_of(name, attribute);
            assert_eq!(found.as_deref(), Some(*value), "{attribute} of {name}");
        }
    }

    /// The `traceparent` of a request that is sent inside the last span with this name.
    pub fn traceparent_of(&self, name: &str) -> Option<String> {
        let context = self.last_span(name)?.span_context;
        Some(format!(
            "00-{}-{}-01",
            context.trace_id(),
            context.span_id()
        ))
    }

    fn last_span(&self, name: &str) -> Option<SpanData> {
        let spans = self.finished.spans();
        spans.iter().rev().find(|span| span.name == name).cloned()
    }
}

/// A span keeps every value that an attribute was given; the last one counts.
pub(super) fn last_value(span: &SpanData, key: &str) -> Option<String> {
    let mut attributes = span.attributes.iter().rev();
    let found = attributes.find(|attribute| attribute.key.as_str() == key)?;
    Some(text(&found.value))
}

/// While a process has only one subscriber, a thread without it may disable a span for all.
fn keep_spans_enabled_on_every_thread() {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(tracing_subscriber::registry()));
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().into_owned()
}
