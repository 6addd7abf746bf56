//! Commands in the order they came, and the wish to stop, which overtakes them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use trace::Command;
use web_sys::AbortController;

/// Shared between the message listener and the session.
#[derive(Clone, Default)]
pub struct Mailbox(Rc<State>);

#[derive(Default)]
struct State {
    commands: RefCell<VecDeque<Command>>,
    waker: RefCell<Option<Waker>>,
    is_stopped: Cell<bool>,
    /// Ends the download that goes on.
    download: RefCell<Option<AbortController>>,
}

impl Mailbox {
    /// Takes a command from the page.
    pub fn put(&self, command: Command) {
        if let Command::Stop = command {
            return self.stop();
        }
        self.0.commands.borrow_mut().push_back(command);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }

    /// The next command; from then on nothing is stopped until the page says so again.
    pub async fn next(&self) -> Command {
        let command = poll_fn(|context| match self.0.commands.borrow_mut().pop_front() {
            Some(command) => Poll::Ready(command),
            None => {
                *self.0.waker.borrow_mut() = Some(context.waker().clone());
                Poll::Pending
            }
        })
        .await;
        self.0.is_stopped.set(false);
        command
    }

    /// Whether the page wants the current command stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.get()
    }

    /// What a stop aborts from now on.
    pub fn set_download(&self, download: Option<AbortController>) {
        *self.0.download.borrow_mut() = download;
    }

    fn stop(&self) {
        self.0.is_stopped.set(true);
        if let Some(download) = &*self.0.download.borrow() {
            download.abort();
        }
    }
}
