//! Every kernel is broken on purpose, in a process of its own: the tests of that kernel must notice.

use std::env;
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kernels::Mutation;
use tests::{Variant, variants};

use crate::bench::{has_f16, subgroup};
use crate::faults::{FAULTS, Fault};
use crate::wgsl::valid;

/// Number of the fault that a process is to have.
const FAULT: &str = "LOOKBACK_FAULT";

/// Puts in the fault that this process is to have; before the first kernel is compiled.
pub fn apply() {
    let index = env::var(FAULT)
        .ok()
        .and_then(|index| index.parse::<usize>().ok());
    if let Some((kernel, _, from, to)) = index.and_then(|index| FAULTS.get(index)) {
        let [kernel, from, to] = [kernel, from, to].map(|text| (*text).to_owned());
        kernels::mutate(Mutation { kernel, from, to });
    }
}

#[test]
fn every_fault_is_noticed() {
    if env::var_os(FAULT).is_some() {
        return;
    }
    let next = AtomicUsize::new(0);
    let worker = || {
        let faults = std::iter::from_fn(|| {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, FAULTS.get(index)?))
        });
        faults
            .filter(|(_, fault)| subgroup() > 1 || !is_of(fault, |variant| variant.uses_subgroups))
            .filter(|(_, fault)| has_f16() || !is_of(fault, |variant| variant.uses_f16))
            .filter(|(index, fault)| !is_noticed(*index, fault))
            .collect::<Vec<_>>()
    };
    let n_workers = thread::available_parallelism().map_or(1, NonZero::get);
    let unnoticed: Vec<(usize, &Fault)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers).map(|_| scope.spawn(worker)).collect();
        let found = workers
            .into_iter()
            .map(|worker| worker.join().expect("the faults are tried"));
        found.flatten().collect()
    });
    assert!(unnoticed.is_empty(), "no test noticed {unnoticed:#?}");
}

/// Whether only texts that ask for something, which an adapter without it never sees, contain the fault.
fn is_of((kernel, _, from, _): &Fault, asks: impl Fn(&Variant) -> bool) -> bool {
    let mut with = variants().into_iter().filter(|variant| {
        variant.name.split(' ').next() == Some(kernel) && variant.text.contains(from)
    });
    with.all(|variant| asks(&variant))
}

fn is_noticed(index: usize, (_, tests, ..): &Fault) -> bool {
    let run = Command::new(env::current_exe().expect("this test's own path"))
        .args([&format!("{tests}::"), "--test-threads=1"])
        .env(FAULT, index.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // What a failed test ends with; a signal or a refused device would say nothing about the kernel.
    run.expect("the tests begin").code() == Some(101)
}

/// Without a fault the same processes find nothing.
#[test]
fn no_fault_is_not_noticed() {
    if env::var_os(FAULT).is_some() {
        return;
    }
    let sound = ("", "attention_window", "", "");
    assert!(!is_noticed(FAULTS.len(), &sound));
}

/// A text that no compiler takes would be noticed, and say nothing about the tests.
#[test]
fn every_fault_is_a_kernel() {
    for (kernel, _, from, to) in FAULTS {
        let prefix = format!("{kernel} {{");
        let variants = variants();
        let mut found = variants.iter().filter(|variant| {
            (variant.name == *kernel || variant.name.starts_with(&prefix))
                && variant.text.contains(from)
        });
        let variant = found
            .next()
            .unwrap_or_else(|| panic!("{kernel} does not contain {from:?}"));
        valid(kernel, &variant.text.replace(from, to));
    }
}

/// Every kernel there is has a fault in the list.
#[test]
fn every_kernel_is_broken() {
    for variant in variants() {
        let name = variant.name.split(' ').next().unwrap_or_default();
        assert!(
            FAULTS.iter().any(|(kernel, ..)| *kernel == name),
            "{name} is never broken"
        );
    }
}
