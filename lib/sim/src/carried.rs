//! Plans of faults as values of serde, for those who carry them from one process to another: as their JSON text, so that what is
//! carried can be read by whoever looks at it, and what is no plan is refused with the words that a person would get.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::plan::FaultPlan;

impl Serialize for FaultPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_json())
    }
}

impl<'de> Deserialize<'de> for FaultPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FaultPlan, D::Error> {
        FaultPlan::from_json(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use netsplit_node::{NodeId, secs};
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;
    use crate::Fault;

    fn read(text: &str) -> Result<FaultPlan, Error> {
        let words: StrDeserializer<'_, Error> = text.into_deserializer();
        FaultPlan::deserialize(words)
    }

    #[test]
    fn a_plan_is_carried_as_its_json() {
        // What one process wrote is what the other one reads.
        let plan = FaultPlan::new().at(secs(3), Fault::Crash { nodes: NodeId(1).into() }).lasting(secs(2));
        assert_eq!(read(&plan.to_json()).unwrap(), plan);
        // Written as well as read: a text into which a formatter is a serializer.
        struct Written<'p>(&'p FaultPlan);
        impl std::fmt::Display for Written<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.serialize(f)
            }
        }
        assert_eq!(Written(&plan).to_string(), plan.to_json());
    }

    #[test]
    fn what_is_no_plan_is_refused_in_words() {
        // Neither a panic nor a plan of nothing.
        let error = read(r#"[{"when":"at 3s","fault":"explode"}]"#).unwrap_err();
        assert!(error.to_string().contains("the name of a fault"), "{error}");
    }
}
