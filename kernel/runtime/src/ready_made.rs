//! Generic code that cells use all the time, compiled once here instead of in each of them.
//!
//! A cell would otherwise compile, say, the insertion into a `HashMap<String, u32>` again whenever it needs it, and so would
//! the destructor of a laboratory with everything in it, which is a good part of what it costs to run a node for the first
//! time. The compiler reuses what another crate has compiled, if that crate, like a cell, is optimised little: see the
//! profile of this crate in the workspace's manifest, which also keeps the checks for overflow that cells have.
//!
//! Nobody calls these functions; that they are public is what makes the compiler compile them.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::hint::black_box;

use netsplit::{Duration, Lab, NodeId, Time};

use crate::{AsDebug, Need, put, take};

/// What every cell that declares or takes a variable needs.
pub fn boxes(value: Box<dyn Any>, text: String) {
    drop(value);
    drop(text);
}

/// A laboratory as a variable.
pub fn laboratories() {
    variable::<Lab>();
}

/// Numbers and texts, and what is made of them.
pub fn values() {
    shown::<i32>();
    shown::<i64>();
    shown::<u32>();
    shown::<u64>();
    shown::<usize>();
    shown::<f64>();
    shown::<bool>();
    shown::<String>();
    sequences::<i32>();
    sequences::<i64>();
    sequences::<u32>();
    sequences::<u64>();
    sequences::<usize>();
    sequences::<f64>();
    sequences::<String>();
    sequences::<NodeId>();
    sorted::<i32>();
    sorted::<u32>();
    sorted::<u64>();
    sorted::<usize>();
    sorted::<String>();
    sorted::<NodeId>();
}

/// Maps by text, and by node.
pub fn maps() {
    maps_from::<String, i32>();
    maps_from::<String, u32>();
    maps_from::<String, u64>();
    maps_from::<String, usize>();
    maps_from::<String, String>();
    maps_from::<NodeId, Time>();
    maps_from::<NodeId, Duration>();
    maps_from::<NodeId, u64>();
}

fn variable<T: 'static>() {
    black_box(put::<T> as fn(&'static str, T));
    black_box(take::<T> as fn(&'static str) -> T);
    black_box(Need::of::<T> as fn(&'static str) -> Need);
}

fn shown<T: Debug + 'static>() {
    variable::<T>();
    black_box(<T as AsDebug>::evcxr_display as fn(&T));
}

fn sequences<T: Clone + Debug + PartialEq + PartialOrd + 'static>() {
    shown::<Vec<T>>();
    shown::<VecDeque<T>>();
    shown::<Option<T>>();
    let work = |vec: &mut Vec<T>, queue: &mut VecDeque<T>, value: T| {
        vec.push(value.clone());
        vec.extend(queue.pop_front());
        queue.push_back(value.clone());
        let (last, has, copy) = (vec.pop(), vec.contains(&value), vec.clone());
        black_box((last, has, copy, queue.iter().next().cloned(), vec.iter().next().cloned()));
        black_box((vec.first().cloned(), vec.get(0..1), vec.len(), queue.len()));
    };
    black_box(work as fn(&mut Vec<T>, &mut VecDeque<T>, T));
}

fn sorted<T: Clone + Ord + 'static>() {
    let work = |vec: &mut Vec<T>| {
        vec.sort();
        vec.dedup();
        black_box((vec.iter().max().cloned(), vec.iter().min().cloned()));
    };
    black_box(work as fn(&mut Vec<T>));
}

fn maps_from<K: Clone + Debug + Eq + Hash + Ord + 'static, V: Clone + Debug + 'static>() {
    shown::<HashMap<K, V>>();
    shown::<BTreeMap<K, V>>();
    let work = |hashed: &mut HashMap<K, V>, sorted: &mut BTreeMap<K, V>, key: K, value: V| {
        black_box((hashed.insert(key.clone(), value.clone()), sorted.insert(key.clone(), value.clone())));
        black_box((hashed.get(&key), sorted.get(&key)));
        black_box((hashed.len(), hashed.entry(key.clone()).or_insert_with(|| value.clone())));
        black_box((sorted.len(), sorted.entry(key.clone()).or_insert(value)));
        black_box((hashed.iter().next(), sorted.iter().next(), sorted.keys().next(), sorted.values().next()));
        black_box((hashed.clone(), sorted.clone(), hashed.remove(&key), sorted.remove(&key)));
    };
    black_box(work as fn(&mut HashMap<K, V>, &mut BTreeMap<K, V>, K, V));
}
