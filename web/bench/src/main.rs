//! Our kernels and our answers for `bench.mjs`, which measures them beside other engines in one browser.

mod model;
mod operation;

fn main() {
    generate::run_constructors();
}
