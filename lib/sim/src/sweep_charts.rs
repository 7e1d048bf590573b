//! What a sweep found as charts over its parameter: how often runs failed, and how a number of theirs is spread over the seeds.

use std::fmt::Debug;

use netsplit_view::Chart;
use netsplit_view::chart::{Place, Quantity};

use crate::sweep::SweepReport;

/// A parameter that is a number or a duration has a place on a numeric axis; every other stands beside the rest with its name.
impl<P: PartialEq + Clone + Debug, T> SweepReport<P, T> {
    /// How many runs failed with each parameter.
    ///
    /// ```
    /// use netsplit_sim::Lab;
    /// let report = Lab::sweep(0..20, [1, 2, 3]).run(|lab, parameter| lab.seed() % parameter == 0);
    /// assert!(report.failures_chart().text().contains("10"));
    /// ```
    pub fn failures_chart(&self) -> Chart {
        let failed = self.parameters().into_iter().map(|it| (Place::of_debug(it), self.failures_of(it)));
        let failed: Vec<(Place, usize)> = failed.collect();
        let runs = self.runs.len() / failed.len().max(1);
        let title = if runs * failed.len() == self.runs.len() {
            format!("Failed runs, of {runs} with each parameter")
        } else {
            format!("Failed runs, of {}", self.runs.len())
        };
        Chart::new(title).x("parameter").y("failed runs").bars("failed", failed)
    }

    /// A number of every run, by parameter: its median over the seeds, and the middle 80%. A run that panicked has none.
    ///
    /// ```
    /// use netsplit_node::ms;
    /// use netsplit_sim::Lab;
    /// let report = Lab::sweep(0..20, [ms(1), ms(5)]).run(|lab, &delay| delay * lab.seed() as i64);
    /// assert!(report.chart("waiting", |waited| *waited).text().contains("waiting"));
    /// ```
    pub fn chart<Y: Quantity>(&self, what: &str, number: impl Fn(&T) -> Y) -> Chart {
        let samples =
            self.parameters().into_iter().map(|it| (Place::of_debug(it), self.values_of(it).map(&number)));
        let chart = Chart::new(format!("{what}: median and middle 80% of the seeds")).x("parameter").y(what);
        self.with_missing(chart.spread(what, samples))
    }

    /// Many numbers of every run, such as the latencies of its calls, by parameter: the median, the 90th and the 99th percentile of those of
    /// all seeds together.
    pub fn quantiles_chart<Y: Quantity, V: IntoIterator<Item = Y>>(
        &self,
        what: &str,
        numbers: impl Fn(&T) -> V,
    ) -> Chart {
        let samples = self.parameters().into_iter();
        let samples = samples.map(|it| (Place::of_debug(it), self.values_of(it).flat_map(&numbers)));
        let chart = Chart::new(format!("{what}: quantiles over all seeds")).x("parameter").y(what);
        self.with_missing(chart.quantiles(what, samples))
    }

    fn with_missing(&self, chart: Chart) -> Chart {
        match self.runs.iter().filter(|run| run.value.is_none()).count() {
            0 => chart,
            1 => chart.note("1 run panicked and has no value"),
            missing => chart.note(format!("{missing} runs panicked and have no value")),
        }
    }
}
