"""The cells that cells.py runs. Both kernels get the same text, and nothing in it is of one kernel alone, except the node."""

# How a notebook begins: the first vector, the first map, the first type of one's own.
SHORT = [
    "1 + 1",
    "let x = 5;",
    'println!("{}", x + 1);',
    "fn f(a: i32) -> i32 { a * 2 }",
    "f(x)",
    "let mut v = vec![1, 2, 3];",
    "v.push(4); v.len()",
    'use std::collections::HashMap; let mut m: HashMap<String, i32> = HashMap::new(); m.insert("a".into(), 1);',
    "m.len()",
    "struct P { a: i32 } impl P { fn g(&self) -> i32 { self.a } } let p = P { a: 3 };",
    "p.g()",
    'for i in 0..3 { println!("{i}"); }',
]

# What people type into notebooks: values, items, variables that live on, collections, text, loops, closures, threads.
MIXED = [
    "2 + 3",
    "let speed = 30;",
    "speed * 2",
    "fn half(x: u64) -> u64 { x / 2 }",
    "half(84)",
    'println!("half of ten is {}", half(10));',
    "let v = vec![3, 1, 2];",
    "let mut sorted = v.clone(); sorted.sort();",
    "sorted",
    "v.iter().max()",
    "let mut queue = std::collections::VecDeque::from([1, 2, 3]);",
    "queue.push_back(4); queue.len()",
    "#[derive(Debug, Clone, PartialEq)]\nstruct Account {\n    owner: String,\n    balance: i64,\n}",
    'let mut account = Account { owner: "ann".to_string(), balance: 10 };',
    "account.balance += 5; account.balance",
    "account",
    'format!("{} has {}", account.owner, account.balance)',
    "impl Account {\n    fn is_rich(&self) -> bool {\n        self.balance > 100\n    }\n}",
    "account.is_rich()",
    "let squares: Vec<u64> = (1..=10).map(|n| n * n).collect();",
    "squares.iter().sum::<u64>()",
    "use std::collections::BTreeMap;",
    "let mut ages: BTreeMap<String, u32> = BTreeMap::new();",
    'ages.insert("bob".to_string(), 44); ages.get("bob").copied()',
    'for n in 0..3 { println!("{n}"); }',
    "enum Shape { Circle(f64), Square(f64) }",
    "fn area(shape: &Shape) -> f64 {\n    match shape {\n        Shape::Circle(r) => 3.14159 * r * r,\n"
    "        Shape::Square(a) => a * a,\n    }\n}",
    "let shapes = vec![Shape::Circle(1.0), Shape::Square(2.0)];",
    "shapes.iter().map(area).sum::<f64>()",
    "trait Greet { fn name(&self) -> String; fn greet(&self) -> String { format!(\"hello {}\", self.name()) } }",
    "impl Greet for Account { fn name(&self) -> String { self.owner.clone() } }",
    "account.greet()",
    "use std::collections::HashMap;",
    "let mut counts: HashMap<char, usize> = HashMap::new();",
    'for letter in "mississippi".chars() { *counts.entry(letter).or_default() += 1; }',
    'let mut letters: Vec<(char, usize)> = counts.iter().map(|(c, n)| (*c, *n)).collect();\nletters.sort();\nletters',
    "fn largest<T: PartialOrd + Copy>(items: &[T]) -> Option<T> {\n    let mut best = *items.first()?;\n"
    "    for item in items {\n        if *item > best {\n            best = *item;\n        }\n    }\n    Some(best)\n}",
    "largest(&v)",
    "const LIMIT: u32 = 1_000;",
    "let (small, big): (Vec<u32>, Vec<u32>) = [5, 500, 5_000].into_iter().partition(|n| *n < LIMIT);",
    'println!("{} small, {} big", small.len(), big.len());',
    'let text = String::from("the quick brown fox");',
    'text.split(\' \').map(|word| word.len()).collect::<Vec<_>>()',
    'let parsed: Result<i32, _> = "42".parse::<i32>();',
    'match &parsed { Ok(number) => println!("{number}"), Err(error) => println!("{error}") }',
    "let total = std::thread::spawn(|| (1..=100u64).sum::<u64>()).join().unwrap();",
    "let shared = std::sync::Arc::new(std::sync::Mutex::new(total));",
    "*shared.lock().unwrap() += 1; *shared.lock().unwrap()",
]

# Whole programs without items of other cells, as a cell and as the body of a function that plain rustc compiles.
WHOLE = [
    "let number = 20 + 22;\nprintln!(\"{number}\");",
    "let mut numbers = vec![3, 1, 2];\nnumbers.sort();\nprintln!(\"{numbers:?}\");",
    "#[derive(Debug, Clone)]\nstruct Point { x: i32, name: String }\n"
    "let point = Point { x: 1, name: \"a\".to_string() };\nprintln!(\"{:?} {}\", point.clone(), point.x);",
    "let mut counts = std::collections::HashMap::new();\n"
    "for word in \"to be or not to be\".split(' ') { *counts.entry(word.to_string()).or_insert(0) += 1; }\n"
    "println!(\"{}\", counts.len());",
    "fn collatz(mut n: u64) -> u32 {\n    let mut steps = 0;\n    while n != 1 {\n"
    "        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };\n        steps += 1;\n    }\n    steps\n}\n"
    "println!(\"{:?}\", (1..30).map(collatz).max());",
]

# 60 lines: members of a ring send heartbeats, suspect who is silent, and follow the highest that is alive.
NODE = """
#[derive(Clone, Debug)]
enum Said {
    Alive,
    Follow { leader: NodeId, term: u64 },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clock {
    Beat,
    Look,
}

#[derive(Clone, Debug)]
struct Member {
    heard: std::collections::BTreeMap<NodeId, Time>,
    leader: Option<NodeId>,
    term: u64,
}

impl Member {
    fn new() -> Self {
        Member { heard: std::collections::BTreeMap::new(), leader: None, term: 0 }
    }

    fn alive(&self, now: Time) -> Vec<NodeId> {
        self.heard.iter().filter(|(_, at)| now - **at < ms(300)).map(|(id, _)| *id).collect()
    }

    fn lead(&mut self, ctx: &mut Context<Self>) {
        self.term += 1;
        self.leader = Some(ctx.id());
        ctx.broadcast(Said::Follow { leader: ctx.id(), term: self.term });
    }
}

impl Node for Member {
    type Message = Said;
    type Timer = Clock;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(50), Clock::Beat);
        ctx.set_timer(ms(400), Clock::Look);
    }

    fn on_message(&mut self, from: NodeId, message: Said, ctx: &mut Context<Self>) {
        self.heard.insert(from, ctx.now());
        if let Said::Follow { leader, term } = message && term > self.term {
            (self.leader, self.term) = (Some(leader), term);
        }
    }

    fn on_timer(&mut self, timer: Clock, ctx: &mut Context<Self>) {
        match timer {
            Clock::Beat => ctx.broadcast(Said::Alive),
            Clock::Look if self.alive(ctx.now()).iter().all(|id| *id < ctx.id()) => self.lead(ctx),
            Clock::Look => {}
        }
        ctx.set_timer(ms(100), timer);
    }
}
""".strip()
FIRST_RUN = """
let lab = Lab::new(42);
let members = lab.cluster("member", 5, |_id| Member::new());
lab.run_for(secs(1));
members.node(0).leader
""".strip()


def many_items(number):
    """A cell of 100 lines that defines what a notebook defines; no two numbers share a name."""
    lines = [
        f"use std::collections::BTreeSet as Set{number};",
        "#[derive(Debug, Clone, PartialEq)]",
        f"struct Stock{number} {{",
        "    name: String,",
        "    amounts: Vec<u32>,",
        f"    seen: Set{number}<u32>,",
        "}",
        f"impl std::fmt::Display for Stock{number} {{",
        "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
        '        write!(f, "{} of {}", self.amounts.len(), self.name)',
        "    }",
        "}",
        f"trait Count{number} {{",
        f"    fn count{number}(&self) -> usize;",
        "}",
        f"impl Count{number} for Stock{number} {{",
        f"    fn count{number}(&self) -> usize {{",
        "        self.amounts.len() + self.seen.len()",
        "    }",
        "}",
    ]
    for function in range(8):
        lines += [
            f"fn sell{number}_{function}(stock: &mut Stock{number}, wanted: u32) -> Result<u32, String> {{",
            f"    let found = stock.amounts.iter().position(|it| *it >= wanted + {function});",
            "    let Some(place) = found else {",
            '        return Err(format!("no {wanted} of {}", stock.name));',
            "    };",
            "    let amount = stock.amounts.remove(place);",
            "    stock.seen.insert(amount);",
            f"    let rest = amount - wanted - {function};",
            "    Ok(rest)",
            "}",
        ]
    return "\n".join(lines)
