//! What a notebook requires of its world, and whether it got it.

use netsplit_node::{Duration, Invariant, Member, Node};

use super::Lab;
use crate::action::Action;
use crate::cluster::Cluster;
use crate::error::{expect, forwards};
use crate::property::{Kind, Look, Property, Violation};

impl Lab {
    /// From now on `holds` must hold after every event; it looks at any clusters of this world. Where it does not, the run ends with a
    /// [`Violation`].
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let (left, right) = (lab.cluster("left", 2, |_id| EagerStore::default()), lab.cluster("right", 2, |_id| EagerStore::default()));
    /// lab.always("somebody is up", move |look| {
    ///     look.members(&left).iter().any(|member| member.up) || look.members(&right).iter().any(|member| member.up)
    /// });
    /// lab.run_for(secs(1));
    /// assert!(lab.violations().is_empty());
    /// ```
    #[track_caller]
    pub fn always(&self, name: &str, mut holds: impl FnMut(&Look<'_>) -> bool + Clone + Send + 'static) {
        let judge = move |look: &Look<'_>| said(holds(look));
        self.act(Action::Require(Property::new(name, None, Kind::Always(Box::new(judge)))));
    }

    /// The violations so far, in the order in which the properties were asked for.
    pub fn violations(&self) -> Vec<Violation> {
        self.world().violations()
    }

    /// How all properties stand, a line for each: "ElectionSafety: holds so far (120 states)".
    pub fn properties(&self) -> Vec<String> {
        self.world().properties.iter().map(Property::to_string).collect()
    }
}

impl<N: Node> Cluster<N> {
    /// From now on an algorithm's invariant must hold after every event of this cluster. Where it does not, the run ends with a
    /// [`Violation`]; the laboratory can go on from there.
    #[track_caller]
    pub fn require<I: Invariant<N>>(&self, mut invariant: I) {
        let (name, number) = (invariant.name().to_owned(), self.number());
        let judge = move |look: &Look<'_>| invariant.check(&look.members_of(number));
        self.size();
        let property = Property::new(&name, Some(number), Kind::Always(Box::new(judge)));
        self.lab().act(Action::Require(property.of_invariant(std::any::type_name::<I>())));
    }

    /// From now on `holds` must hold of the members after every event of this cluster.
    ///
    /// ```
    /// use netsplit_algorithms::replication::EagerStore;
    /// use netsplit_node::secs;
    /// use netsplit_sim::Lab;
    /// let lab = Lab::new(42);
    /// let store = lab.cluster("store", 3, |_id| EagerStore::default());
    /// store.always("two of three are up", |members| members.iter().filter(|member| member.up).count() >= 2);
    /// store.crash(0);
    /// lab.run_for(secs(1));
    /// store.crash(1);
    /// assert!(lab.try_run_for(secs(1)).is_err());
    /// ```
    #[track_caller]
    pub fn always(&self, name: &str, holds: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static) {
        let judge = self.judge(holds, true);
        self.ask_for(name, Kind::Always(judge));
    }

    /// From now on `holds` must not hold after any event of this cluster.
    #[track_caller]
    pub fn never(&self, name: &str, holds: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static) {
        let judge = self.judge(holds, false);
        self.ask_for(name, Kind::Always(judge));
    }

    /// Once at least, from now until `within` has passed, `holds` must hold.
    ///
    /// # Panics
    /// If `within` is negative.
    #[track_caller]
    pub fn eventually(
        &self,
        name: &str,
        within: Duration,
        holds: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static,
    ) {
        let within = expect(forwards("the time of a property", within));
        let goal = self.judge(holds, true);
        self.ask_for(name, Kind::Eventually { goal, within });
    }

    /// Whenever `cause` holds, `consequence` must hold at that moment or before `within` has passed.
    ///
    /// # Panics
    /// If `within` is negative.
    #[track_caller]
    pub fn leads_to(
        &self,
        name: &str,
        cause: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static,
        consequence: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static,
        within: Duration,
    ) {
        let within = expect(forwards("the time of a property", within));
        let (cause, goal) = (self.judge(cause, true), self.judge(consequence, true));
        self.ask_for(name, Kind::LeadsTo { cause, goal, within });
    }

    fn judge(
        &self,
        mut holds: impl FnMut(&[Member<'_, N>]) -> bool + Clone + Send + 'static,
        wanted: bool,
    ) -> Box<dyn crate::property::Judge> {
        let number = self.number();
        Box::new(move |look: &Look<'_>| said(holds(&look.members_of(number)) == wanted))
    }

    #[track_caller]
    fn ask_for(&self, name: &str, kind: Kind) {
        self.size();
        self.lab().act(Action::Require(Property::new(name, Some(self.number()), kind)));
    }
}

/// A condition says no more than whether it holds.
fn said(holds: bool) -> Result<(), String> {
    if holds { Ok(()) } else { Err(String::new()) }
}
