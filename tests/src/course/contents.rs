//! The contents notebook: the chapters, the paths through them by role, and where to look when something is broken now.

use std::fmt::Write as _;

use serde_json::{Value, json};
use toml::Table;

use super::{Chapter, list, text, texts};

/// The text of `00-contents.ipynb`, from `course.toml` and the chapters that are here: those are links.
pub fn contents(plan: &Table, chapters: &[Chapter]) -> String {
    let cells = [
        ("contents", welcome()),
        ("chapters", table_of_chapters(plan, chapters)),
        ("paths", paths(plan, chapters)),
        ("symptoms", symptoms(plan, chapters)),
        ("words", words()),
    ];
    let cells: Vec<Value> = cells.into_iter().map(|(id, source)| cell(id, &source)).collect();
    let notebook = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": { "display_name": "netsplit", "language": "rust", "name": "netsplit" },
            "language_info": { "name": "rust" },
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    serde_json::to_string_pretty(&notebook).expect("a value can be written") + "\n"
}

fn cell(id: &str, source: &str) -> Value {
    let lines: Vec<&str> = source.trim_end().split_inclusive('\n').collect();
    json!({ "cell_type": "markdown", "id": id, "metadata": {}, "source": lines })
}

fn welcome() -> String {
    "# Contents\n\n\
     Each chapter is a notebook: build a cluster, break it, see which promise is broken, repair it. You need Rust that you can read. \
     Chapters whose names are links are here; the others are being written.\n\n\
     Not sure where to begin? Take a path below, or start with what hurts: the last table begins with symptoms.\n"
        .to_owned()
}

fn table_of_chapters(plan: &Table, chapters: &[Chapter]) -> String {
    let parts = plan.get("parts").and_then(|parts| parts.as_table());
    let mut out = "## Chapters\n\n| | chapter | hours | its great break |\n|---|---|---|---|\n".to_owned();
    let mut last = "";
    for chapter in list(plan, "chapter") {
        let part = text(chapter, "part");
        if part != last {
            let name = parts.map_or("", |parts| text(parts, part));
            let _ = writeln!(out, "| **{part}** | **{name}** | | |");
            last = part;
        }
        let (number, hours, broken) =
            (text(chapter, "number"), text(chapter, "hours"), text(chapter, "break"));
        let title = link(chapters, number, text(chapter, "title"));
        let _ = writeln!(out, "| {number} | {title} | {hours} | {broken} |");
    }
    out
}

fn paths(plan: &Table, chapters: &[Chapter]) -> String {
    let mut out = "## Paths\n\nBy what you do, or want to. Each is in its own order.\n\n| you are, or want | chapters |\n|---|---|\n"
        .to_owned();
    for path in list(plan, "path") {
        let numbers = numbers(chapters, &texts(path, "chapters"));
        let _ = writeln!(out, "| **{}**: {} | {numbers} |", text(path, "name"), text(path, "what"));
    }
    out
}

fn symptoms(plan: &Table, chapters: &[Chapter]) -> String {
    let mut out =
        "## It is broken now\n\nThe chapter that shows how such a thing comes about, in a laboratory where you can look.\n\n\
         | what you see | chapters |\n|---|---|\n"
            .to_owned();
    for symptom in list(plan, "symptom") {
        let numbers = numbers(chapters, &texts(symptom, "chapters"));
        let _ = writeln!(out, "| {} | {numbers} |", text(symptom, "says"));
    }
    out
}

fn words() -> String {
    "## Words\n\n\
     Every chapter ends with its terms. In a cell, put the cursor on a word (`quorum`, `LamportClock`) and press Shift+Tab: what it means, and \
     the chapter that introduces it.\n"
        .to_owned()
}

fn numbers(chapters: &[Chapter], numbers: &[&str]) -> String {
    let links: Vec<String> = numbers.iter().map(|number| link(chapters, number, number)).collect();
    links.join(" · ")
}

/// The text as a link to the chapter, if that is here.
fn link(chapters: &[Chapter], number: &str, text: &str) -> String {
    match chapters.iter().find(|chapter| chapter.number() == number) {
        Some(chapter) => format!("[{text}]({name}/{name}.ipynb)", name = chapter.name),
        None => text.to_owned(),
    }
}
