//! Failing runs are cut down to what their failure needs: runs of a laboratory, seeds of a sweep, ways of an exploration; and are printed as tests.

mod elements;
mod explored;
mod judged;
mod printed;
mod runs;
