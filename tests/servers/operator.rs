//! What the operator of an endpoint sees: the lines of its log, and its metrics.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use parjar::{Event, MetricsObserver, Observer, TracingObserver};
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

/// Observes an endpoint as a host with a log and metrics does, whichever thread its work is on. Clones see the same.
#[derive(Clone)]
pub(crate) struct Operator {
    log: Log,
    dispatch: Dispatch,
    recorder: Arc<DebuggingRecorder>,
    metrics: MetricsObserver,
    measured: Snapshotter,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Default for Operator {
    fn default() -> Self {
        let (log, recorder) = (Log::default(), Arc::new(DebuggingRecorder::new()));
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).without_time().finish();
        let metrics = metrics::with_local_recorder(&*recorder, MetricsObserver::new);
        let measured = recorder.snapshotter();
        Self { log, dispatch: Dispatch::new(subscriber), recorder, metrics, measured }
    }
}

impl Observer for Operator {
    fn observe(&self, event: &Event<'_>) {
        tracing::dispatcher::with_default(&self.dispatch, || TracingObserver.observe(event));
        metrics::with_local_recorder(&*self.recorder, || self.metrics.observe(event));
    }
}

impl Operator {
    /// What there was to see since the last look.
    pub(crate) fn look(&self) -> Seen {
        let written = std::mem::take(&mut *self.log.0.lock().unwrap_or_else(PoisonError::into_inner));
        let measured = self.measured.snapshot().into_vec().into_iter();
        let metrics = measured.filter_map(|(key, _, _, value)| {
            let is_there = match value {
                DebugValue::Counter(count) => count > 0,
                DebugValue::Gauge(_) => true,
                DebugValue::Histogram(values) => !values.is_empty(),
            };
            let labels = key.key().labels().map(|label| format!("{}={}", label.key(), label.value()));
            let labels = labels.collect::<Vec<_>>().join(",");
            is_there.then(|| format!("{}{{{labels}}}", key.key().name()))
        });
        Seen {
            lines: String::from_utf8(written).unwrap().lines().map(str::to_owned).collect(),
            metrics: metrics.collect(),
        }
    }
}

/// Lines of a log, and metrics that have changed.
#[derive(Debug)]
pub(crate) struct Seen {
    lines: Vec<String>,
    metrics: Vec<String>,
}

impl Seen {
    /// Refusals of an operation since the store could not be asked, at the level of faults, with a cause that has this in it.
    #[track_caller]
    pub(crate) fn fault(&self, stage: &str, cause: &str) -> &Self {
        let begin = format!("ERROR parjar: refused stage=\"{stage}\" reason=\"store_unavailable\"");
        let names_cause = |line: &String| {
            line.starts_with(&begin) && line.split_once(" cause=").is_some_and(|(_, text)| text.contains(cause))
        };
        assert!(self.lines.iter().any(names_cause), "{stage}: {cause}: {self:#?}");
        self.counted(&format!("parjar_refusals_total{{stage={stage},reason=store_unavailable,level=error}}"))
    }

    /// Refusals of an operation for a limit, as a warning that says which.
    #[track_caller]
    pub(crate) fn limit(&self, stage: &str, reason: &str, bound: &str) -> &Self {
        let begin = format!(" WARN parjar: refused stage=\"{stage}\" reason=\"{reason}\"");
        let names_bound = |line: &String| line.starts_with(&begin) && line.contains(&format!(" cause={bound}"));
        assert!(self.lines.iter().any(names_bound), "{stage}: {reason}: {self:#?}");
        self.counted(&format!("parjar_refusals_total{{stage={stage},reason={reason},level=warning}}"))
    }

    /// The end of an outage that an operation has met.
    #[track_caller]
    pub(crate) fn back(&self, stage: &str) -> &Self {
        let begin = format!(" WARN parjar: store back stage=\"{stage}\" away_us=");
        assert!(self.lines.iter().any(|line| line.starts_with(&begin)), "{stage}: {self:#?}");
        self.counted(&format!("parjar_store_outage_seconds{{stage={stage}}}"))
    }

    /// Every fault with a cause that has this in it, and the end of the outage; or none, where each push had good luck.
    #[track_caller]
    pub(crate) fn told_if_any(&self, stage: &str, cause: &str) {
        let faults = self.lines.iter().filter(|line| line.starts_with("ERROR")).count();
        if faults == 0 {
            self.no_fault();
        } else {
            self.fault(stage, cause).back(stage);
            let named = self.lines.iter().filter(|line| line.starts_with("ERROR") && line.contains(cause)).count();
            assert_eq!(named, faults, "{self:#?}");
        }
    }

    /// Nothing at the level of faults, and no outage that has ended.
    #[track_caller]
    pub(crate) fn no_fault(&self) -> &Self {
        let is_fault = |line: &String| line.starts_with("ERROR") || line.contains("store back");
        assert!(!self.lines.iter().any(is_fault), "{self:#?}");
        let is_counted = |metric: &String| metric.contains("level=error") || metric.contains("outage");
        assert!(!self.metrics.iter().any(is_counted), "{self:#?}");
        self
    }

    #[track_caller]
    fn counted(&self, metric: &str) -> &Self {
        assert!(self.metrics.iter().any(|counted| counted == metric), "{metric}: {self:#?}");
        self
    }
}
