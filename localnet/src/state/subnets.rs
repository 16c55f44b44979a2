//! The subnets of a network: their ids and the canister ids that belong to each. They share one executor and one
//! root key.

use candid::Principal;
use serde::{Deserialize, Serialize};

/// Canister ids of one range that new ids are taken from.
const RANGE: u64 = 1 << 20;

/// Start of the first such range; the others lie below it.
const TOP: u64 = 0xFFFF_FFFF_FFE0_0000;

/// What a subnet is for; the names are those of PocketIC's clients, the order that of their ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    #[serde(rename = "NNS")]
    Nns,
    #[serde(rename = "SNS")]
    Sns,
    #[serde(rename = "II")]
    Ii,
    Fiduciary,
    Bitcoin,
    TestThresholdKeys,
    System,
    Application,
    CloudEngine,
    VerifiedApplication,
}

impl Kind {
    /// The ranges that the subnet of this kind has on the Internet Computer: first and last numbers.
    fn mainnet(self) -> Vec<(u64, u64)> {
        let whole = |first| (first, first + RANGE - 1);
        match self {
            Kind::Nns => vec![(0, 6), (8, RANGE - 1)],
            Kind::Ii => vec![(7, 7), whole(0x0210_0000)],
            Kind::Sns => vec![whole(0x0200_0000)],
            Kind::Bitcoin => vec![whole(0x01a0_0000)],
            Kind::Fiduciary => vec![whole(0x0230_0000)],
            _ => Vec::new(),
        }
    }

    /// The type of subnet as certificates state it.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Kind::Nns | Kind::Ii | Kind::Bitcoin | Kind::System => "system",
            Kind::VerifiedApplication => "verified_application",
            _ => "application",
        }
    }

    /// Nodes of a subnet of this kind.
    pub(crate) fn nodes(self) -> u32 {
        match self {
            Kind::Nns => 40,
            Kind::Sns | Kind::Ii | Kind::Fiduciary => 34,
            _ => crate::cycles::NODES,
        }
    }
}

/// How a subnet was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form")]
pub(crate) struct Spec {
    pub(crate) kind: Kind,
    /// Nothing costs cycles.
    pub(crate) free: bool,
    /// Messages may use more instructions than anywhere else.
    pub(crate) benchmarking: bool,
}

/// How a state directory has it; earlier ones have the kind alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Kind(Kind),
    Spec { kind: Kind, free: bool, benchmarking: bool },
}

impl From<Form> for Spec {
    fn from(form: Form) -> Spec {
        match form {
            Form::Kind(kind) => kind.into(),
            Form::Spec { kind, free, benchmarking } => Spec { kind, free, benchmarking },
        }
    }
}

impl From<Kind> for Spec {
    fn from(kind: Kind) -> Spec {
        Spec { kind, free: false, benchmarking: false }
    }
}

/// The most instructions of one message, of a query with all that it calls, and of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) message: u64,
    pub(crate) query: u64,
    pub(crate) install: u64,
}

impl Spec {
    /// Whether nothing costs cycles here.
    pub(crate) fn is_free(self) -> bool {
        self.free || self.kind.type_name() == "system"
    }

    /// What messages may use here.
    pub(crate) fn limits(self) -> Limits {
        const E9: u64 = 1_000_000_000;
        match self.kind.type_name() {
            _ if self.benchmarking => {
                let all = 100_000 * E9 - 1;
                Limits { message: all, query: all, install: all }
            }
            "system" => Limits { message: 50 * E9, query: 50 * E9, install: 1_000 * E9 },
            _ => Limits { message: 40 * E9, query: 5 * E9, install: 300 * E9 },
        }
    }
}

/// A subnet.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: Principal,
    pub(crate) spec: Spec,
    /// First and last numbers of its canister ids; new ids come from the last range.
    pub(crate) ranges: Vec<(u64, u64)>,
}

/// The subnets of a network. The first one is the root subnet, whose id follows from the root key.
#[derive(Debug)]
pub(crate) struct Subnets(Vec<Subnet>);

impl Subnets {
    /// Subnets as asked for, one application subnet if none is.
    pub(crate) fn new(root: Principal, specs: &[Spec]) -> Subnets {
        let usual = [Kind::Application.into()];
        let specs = if specs.is_empty() { &usual } else { specs };
        let subnet = |(index, spec): (usize, &Spec)| {
            let id = match index {
                0 => root,
                n => Principal::self_authenticating(format!("{root}#{n}")),
            };
            let first = TOP - index as u64 * RANGE;
            let mut ranges = spec.kind.mainnet();
            ranges.push((first, first + RANGE - 1));
            Subnet { id, spec: *spec, ranges }
        };
        Subnets(specs.iter().enumerate().map(subnet).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subnet> {
        self.0.iter()
    }

    /// The position of a subnet.
    pub(crate) fn position(&self, id: Principal) -> Option<usize> {
        self.0.iter().position(|subnet| subnet.id == id)
    }

    /// The position of the subnet that creates canisters unless another is asked for.
    pub(crate) fn default(&self) -> usize {
        [Kind::Application, Kind::VerifiedApplication, Kind::System]
            .into_iter()
            .find_map(|kind| self.0.iter().position(|subnet| subnet.spec.kind == kind))
            .unwrap_or(0)
    }

    /// The position of the subnet in whose ranges a canister id lies.
    pub(crate) fn holder(&self, canister: Principal) -> Option<usize> {
        let number = canister_number(canister)?;
        let holds = |subnet: &Subnet| subnet.ranges.iter().any(|(a, b)| (*a..=*b).contains(&number));
        self.0.iter().position(holds)
    }

    /// The subnet that a canister is on; ids outside all ranges are hosted by the default subnet.
    pub(crate) fn of(&self, canister: Principal) -> &Subnet {
        &self.0[self.holder(canister).unwrap_or_else(|| self.default())]
    }

    /// Whether new canisters get ids of the range that this one lies in.
    pub(crate) fn allocates(&self, canister: Principal) -> bool {
        canister_number(canister).is_some_and(|n| {
            self.0.iter().filter_map(|s| s.ranges.last()).any(|(first, last)| (*first..=*last).contains(&n))
        })
    }

    /// The `nth` new canister id of a subnet.
    pub(crate) fn nth(&self, subnet: usize, nth: u64) -> Option<Principal> {
        let (first, last) = *self.0.get(subnet)?.ranges.last()?;
        (nth <= last - first).then(|| canister_id(first + nth))
    }

    /// The first new id of the default subnet, the effective id for creating canisters.
    pub(crate) fn default_effective(&self) -> Principal {
        self.nth(self.default(), 0).unwrap_or(Principal::management_canister())
    }
}

/// The canister id with this number.
pub(crate) fn canister_id(number: u64) -> Principal {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes[8..].copy_from_slice(&[1, 1]);
    Principal::from_slice(&bytes)
}

/// The number of a canister id; `None` for other principals.
pub(crate) fn canister_number(id: Principal) -> Option<u64> {
    let bytes: [u8; 10] = id.as_slice().try_into().ok()?;
    let number = u64::from_be_bytes(bytes[..8].try_into().ok()?);
    (bytes[8..] == [1, 1]).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_disjoint_and_named_subnets_have_their_own() {
        use Kind::*;
        let all = [
            Nns,
            Sns,
            Ii,
            Fiduciary,
            Bitcoin,
            TestThresholdKeys,
            System,
            Application,
            Application,
            CloudEngine,
            VerifiedApplication,
        ];
        let subnets = Subnets::new(Principal::anonymous(), &all.map(Spec::from));
        let mut ranges: Vec<_> = subnets.iter().flat_map(|s| s.ranges.clone()).collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|w| w[0].1 < w[1].0), "{ranges:x?}");
        let kind = |text: &str| {
            Principal::from_text(text).ok().and_then(|id| subnets.holder(id)).map(|i| subnets.0[i].spec.kind)
        };
        assert_eq!(kind("rrkah-fqaaa-aaaaa-aaaaq-cai"), Some(Nns));
        assert_eq!(kind("rdmx6-jaaaa-aaaaa-aaadq-cai"), Some(Ii));
        assert_eq!(kind("qoznl-yiaaa-aaaar-7777q-cai"), Some(Fiduciary));
        assert_eq!(kind("lxzze-o7777-77777-aaaaa-cai"), Some(Nns));
        assert_eq!(kind("2vxsx-fae"), None);
        assert_eq!(subnets.default(), 7);
        assert_eq!(subnets.of(subnets.default_effective()).spec.kind, Application);
    }

    #[test]
    fn an_application_subnet_alone_begins_where_pocket_ic_does() {
        let subnets = Subnets::new(Principal::anonymous(), &[]);
        assert_eq!(subnets.default_effective().to_text(), "lxzze-o7777-77777-aaaaa-cai");
        assert_eq!(subnets.nth(0, RANGE), None);
    }
}
