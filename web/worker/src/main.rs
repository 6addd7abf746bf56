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
    generate::run_constructors();
    panic::report_to_page();
    session::start();
}
