//! A guarantee vector: what a service guarantees, in six parts; and the weakest link, when services are put together.
//!
//! A service that is built of others can give no more, in any part, than the weakest of them does: [`meet`](GuaranteeVector::meet). To
//! give more, something must be built that converts uncertainty into evidence again (a dedup table, a transaction, a signature).

use netsplit_node::Duration;

/// Over what a guarantee reaches. From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names say it")]
pub enum Scope {
    Object,
    Range,
    Transaction,
    Global,
}

/// In which order effects are seen. From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum Ordering {
    None,
    Causal,
    Linearizable,
    StrictSerializable,
}

/// Which mixtures of effects may be seen. From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[allow(missing_docs, reason = "the names are the field's")]
pub enum Visibility {
    Fractured,
    ReadAtomic,
    SnapshotIsolation,
    Serializable,
}

/// How old what is seen may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Recency {
    /// As old as it happens to be; some day it is seen.
    Eventual,
    /// No older than this.
    Within(Duration),
    /// Of this moment.
    Fresh,
}

/// What becomes of a request that is repeated. From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Idempotence {
    /// It takes effect as often as it arrives.
    None,
    /// Once for each key, while the key is remembered.
    PerKey,
}

/// What is known of who asked. From weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Authenticity {
    /// Nothing: a node is believed.
    None,
    /// It is proved.
    Proven,
}

/// What a service guarantees.
///
/// ```
/// use netsplit_check::model::{
///     Authenticity, GuaranteeVector, Idempotence, Ordering, Recency, Scope, Visibility,
/// };
/// use netsplit_node::secs;
/// let database = GuaranteeVector {
///     scope: Scope::Transaction, ordering: Ordering::StrictSerializable, visibility: Visibility::Serializable,
///     recency: Recency::Fresh, idempotence: Idempotence::PerKey, authenticity: Authenticity::Proven,
/// };
/// let cache = GuaranteeVector {
///     scope: Scope::Object, ordering: Ordering::None, visibility: Visibility::Fractured,
///     recency: Recency::Within(secs(60)), idempotence: Idempotence::PerKey, authenticity: Authenticity::Proven,
/// };
/// assert_eq!(database.meet(cache), cache);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GuaranteeVector {
    /// Over what the guarantee reaches.
    pub scope: Scope,
    /// In which order effects are seen.
    pub ordering: Ordering,
    /// Which mixtures of effects may be seen.
    pub visibility: Visibility,
    /// How old what is seen may be.
    pub recency: Recency,
    /// What becomes of a request that is repeated.
    pub idempotence: Idempotence,
    /// What is known of who asked.
    pub authenticity: Authenticity,
}

impl GuaranteeVector {
    /// What is left when a request passes through both: in each part the weaker of the two.
    pub fn meet(self, other: GuaranteeVector) -> GuaranteeVector {
        GuaranteeVector {
            scope: self.scope.min(other.scope),
            ordering: self.ordering.min(other.ordering),
            visibility: self.visibility.min(other.visibility),
            recency: self.recency.meet(other.recency),
            idempotence: self.idempotence.min(other.idempotence),
            authenticity: self.authenticity.min(other.authenticity),
        }
    }
}

impl Recency {
    // Ages add up: who reads a copy of a copy reads what is as old as both together.
    fn meet(self, other: Recency) -> Recency {
        match (self, other) {
            (Recency::Eventual, _) | (_, Recency::Eventual) => Recency::Eventual,
            (Recency::Within(one), Recency::Within(two)) => Recency::Within(one + two),
            (Recency::Within(age), Recency::Fresh) | (Recency::Fresh, Recency::Within(age)) => {
                Recency::Within(age)
            }
            (Recency::Fresh, Recency::Fresh) => Recency::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::secs;

    fn vector(scope: Scope, ordering: Ordering, recency: Recency) -> GuaranteeVector {
        let (visibility, idempotence) = (Visibility::ReadAtomic, Idempotence::PerKey);
        GuaranteeVector {
            scope,
            ordering,
            visibility,
            recency,
            idempotence,
            authenticity: Authenticity::None,
        }
    }

    #[test]
    fn the_weakest_link_counts_in_each_part() {
        // Neither of the two is weaker as a whole; what is left is weaker than both.
        let one = vector(Scope::Global, Ordering::None, Recency::Fresh);
        let two = vector(Scope::Object, Ordering::Linearizable, Recency::Within(secs(5)));
        let both = vector(Scope::Object, Ordering::None, Recency::Within(secs(5)));
        assert_eq!((one.meet(two), two.meet(one)), (both, both));
    }

    #[test]
    fn ages_add_up() {
        // A copy, at most 5 s old, of a copy, at most 60 s old.
        assert_eq!(Recency::Within(secs(5)).meet(Recency::Within(secs(60))), Recency::Within(secs(65)));
        assert_eq!(Recency::Within(secs(5)).meet(Recency::Eventual), Recency::Eventual);
    }
}
