//! Random notebooks against a small model: after cells that declare, use, change, move, shadow and panic, exactly the variables
//! are there that must be, with the values that they must have.
//!
//! `NETSPLIT_MODEL=300` runs as many cells of further seeds; a failure names its seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use netsplit_engine::library::{self, Library};
use netsplit_engine::{Audience, Cell, Engine, Interrupt, Output, Settings, Stream};

/// Numbers that look random, the same for every run of a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

/// What a variable holds: all are `mut`, of one of two types, one that is copied and one that is moved.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(i64),
    Numbers(Vec<i64>),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Numbers(numbers) => format!("{numbers:?}"),
        }
    }
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The variables that must be there.
type Model = BTreeMap<&'static str, Value>;

/// What a panic at a cell's end leaves of the variables that it declared or moved.
type Left = BTreeMap<&'static str, Option<Value>>;

/// A cell of a few random statements, and whether it panics. The model becomes what it must be after the cell.
fn cell(dice: &mut Dice, model: &mut Model) -> (String, bool) {
    let mut code = String::new();
    let mut left = Left::new();
    for _ in 0..=dice.roll(3) {
        code += &statement(dice, model, &mut left);
    }
    let panics = dice.roll(5) == 0;
    if panics {
        code += "if true { panic!(\"as planned\"); }\n";
        for (name, value) in left {
            model.remove(name);
            model.extend(value.map(|value| (name, value)));
        }
    }
    (code, panics)
}

/// A statement; what it declares or moves is not touched again in the cell.
fn statement(dice: &mut Dice, model: &mut Model, left: &mut Left) -> String {
    let name = NAMES[dice.roll(NAMES.len())];
    let number = dice.roll(1000) as i64;
    if left.contains_key(name) {
        return String::new();
    }
    match (dice.roll(4), model.get_mut(name)) {
        (0 | 1, Some(Value::Number(it))) => {
            *it += number;
            format!("{name} += {number}; {}\n", reading(name))
        }
        (0 | 1, Some(Value::Numbers(it))) => {
            it.push(number);
            format!("{name}.push({number}); {}\n", reading(name))
        }
        (2, Some(Value::Numbers(_))) => {
            model.remove(name);
            left.insert(name, None);
            format!("drop({name});\n")
        }
        (3, _) => {
            left.insert(name, model.insert(name, Value::Numbers(vec![number])));
            format!("let mut {name}: Vec<i64> = vec![{number}];\n")
        }
        (_, None) => {
            left.insert(name, model.insert(name, Value::Number(number)));
            format!("let mut {name} = {number}_i64;\n")
        }
        _ => String::new(),
    }
}

/// A use that changes nothing, through a borrow and a closure.
fn reading(name: &str) -> String {
    format!("let _ = (|| format!(\"{{:?}}\", {name}))();")
}

#[derive(Default)]
struct Seen {
    out: String,
}

impl Audience for Seen {
    fn put(&mut self, output: Output) {
        if let Output::Text(Stream::Out, text) = output {
            self.out += &text;
        }
    }

    fn ask(&mut self, _: &str, _: bool) -> Result<String, String> {
        Err("nobody is there".to_string())
    }
}

fn library() -> Library {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    library::prepare(&home, &cache, &mut |_| {}).expect("the library can be prepared")
}

/// Runs a notebook of this many cells, and compares all variables after each.
fn run(seed: u64, cells: u32) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = Settings::usual(folder.path().to_path_buf());
    let interrupt = Arc::new(Interrupt::default());
    let late = Arc::new(|_: u32, _: Stream, _: String| {});
    let mut engine = Engine::start(library(), settings, interrupt, late).expect("the engine starts");
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut model = Model::new();
    let mut story = format!("seed {seed}");
    for number in 1..=cells {
        let (code, panics) = cell(&mut dice, &mut model);
        story += &format!("\n--- cell[{}]\n{code}", number * 2);
        let run = |engine: &mut Engine, code: String, number| {
            let mut seen = Seen::default();
            let ended = engine.execute(&Cell { code, number, id: None }, &mut seen);
            (ended, seen.out)
        };
        let (ended, _) = run(&mut engine, code, number * 2);
        assert_eq!(ended.is_err(), panics, "{story}\n{ended:?}");
        let (ended, out) = run(&mut engine, look(&model), number * 2 + 1);
        let expected: String =
            model.iter().map(|(name, value)| format!("{name}={}\n", value.text())).collect();
        assert_eq!((ended, out), (Ok(()), expected), "{story}\n{model:?}");
        let (_, listed) = run(&mut engine, ":vars".to_string(), number * 2 + 1);
        let names: Vec<&str> =
            listed.lines().filter_map(|line| line.strip_prefix("mut ")?.split(' ').next()).collect();
        assert_eq!(names, model.keys().copied().collect::<Vec<_>>(), "{story}\n{listed}");
    }
}

/// A cell that prints all variables of the model.
fn look(model: &Model) -> String {
    model.keys().map(|name| format!("println!(\"{name}={{:?}}\", {name});\n")).collect()
}

/// Random cells leave the variables that the model says.
#[test]
fn notebooks_agree_with_the_model() {
    let cells: u32 = std::env::var("NETSPLIT_MODEL").ok().and_then(|it| it.parse().ok()).unwrap_or(36);
    for seed in 1..=u64::from(cells.div_ceil(12)) {
        run(seed, 12);
    }
}
