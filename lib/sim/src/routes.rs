//! What a world does with its routers: faults of them, and the moment when the others have learned of it.

use netsplit_node::Time;

use crate::error::LabError;
use crate::fault::Fault;
use crate::group::Group;
use crate::naming::NamingError;
use crate::network::{Part, Routing, Topology};
use crate::schedule::Job;
use crate::world::World;

impl World {
    pub(crate) fn set_topology(&mut self, topology: Topology) -> Result<(), LabError> {
        for (_, members) in topology.members() {
            self.check_members(members)?;
        }
        let text = topology.to_string().replace('\n', "; ");
        self.network.set_routing(Routing::new(topology)?);
        self.refresh_extras();
        self.announce(|_| format!("routing {text}"));
        Ok(())
    }

    pub(crate) fn attach(&mut self, network: &str, members: &Group) -> Result<(), LabError> {
        self.check_members(members)?;
        self.routing()?.attach(network, members)?;
        self.announce(|world| format!("in network {network}: {}", world.names(members)));
        Ok(())
    }

    fn routing(&mut self) -> Result<&mut Routing, NamingError> {
        self.network.routing.as_deref_mut().ok_or(NamingError::NoTopology)
    }

    /// The part that a fault of routers is about, and whether it works from now on.
    pub(crate) fn part_of(&self, fault: &Fault) -> Result<Option<(Part, bool)>, NamingError> {
        let routing = || self.network.routing.as_deref().ok_or(NamingError::NoTopology);
        Ok(Some(match fault {
            Fault::RouterDown { router, on } => (routing()?.router(router)?, !on),
            Fault::LinkDown { one, other, on } => (routing()?.link(one, other)?, !on),
            Fault::RouteWithdraw { network, on } => (routing()?.announcement(network)?, !on),
            _ => return Ok(None),
        }))
    }

    /// Lets a router, a link or an announcement fail or work again; the routers learn of it later.
    pub(crate) fn inject_into_routes(&mut self, fault: &Fault) -> Result<(), LabError> {
        let Some((part, works)) = self.part_of(fault)? else { return Ok(()) };
        let (era, now) = (self.network.routing_era, self.now);
        let routing = self.routing()?;
        if !routing.set(part, works) {
            return Ok(());
        }
        let (words, learned) = (routing.in_words(part, works), now + routing.convergence());
        self.announce(|_| words);
        self.learn_at(learned, Job::Converge { part, works, era });
        Ok(())
    }

    fn learn_at(&mut self, time: Time, job: Job) {
        if time <= self.now {
            // Routers that know at once: no event of its own.
            if let Job::Converge { part, works, era } = job {
                self.converge(part, works, era);
            }
        } else {
            self.schedule(time, job);
        }
    }

    /// All routers have learned how a part is, if it is a part of the topology that there still is.
    pub(crate) fn converge(&mut self, part: Part, works: bool, era: u32) {
        if self.network.routing_era != era {
            return;
        }
        let Some(routing) = self.network.routing.as_deref_mut() else { return };
        if routing.learn(part, works) {
            let words = routing.in_words(part, works);
            self.announce(|_| format!("all routers know: {words}"));
        }
    }

    /// All routers and links work, and everybody knows it.
    pub(crate) fn restore_routes(&mut self) {
        self.refresh_resolvers();
        self.network.routing_era += 1;
        if self.network.routing.as_deref_mut().is_some_and(Routing::restore) {
            self.announce(|_| "all routers and links are up, and all routers know it".to_owned());
        }
    }
}
