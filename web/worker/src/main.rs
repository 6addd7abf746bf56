//! The engine in its worker: takes [`trace::Command`]s, posts [`trace::Event`]s.
//!
//! Read `session` (one command after the other), then `download` (from HTTP to the GPU).

mod download;
mod fetch;
mod mailbox;
mod panic;
mod port;
mod session;

fn main() {
    run_constructors();
    panic::report_to_page();
    session::start();
}

/// Runs the module's static constructors once. Left to itself, the linker wraps every export with them,
/// and each call from JavaScript would register cubecl's kernels again (6 ms instead of 26 µs).
#[cfg(target_family = "wasm")]
fn run_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker defines the function; it takes and returns nothing, and this is its only call.
    unsafe { __wasm_call_ctors() }
}

#[cfg(not(target_family = "wasm"))]
fn run_constructors() {}
