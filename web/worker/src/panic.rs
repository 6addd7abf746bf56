//! A panic ends the module; the page must hear of it to start another.

use crate::port;

/// Posts every panic to the page as a fatal failure.
pub fn report_to_page() {
    std::panic::set_hook(Box::new(|panic| {
        let message =
            "The engine broke; ask again, it starts anew. If it breaks again, report the details.";
        port::post_failure(message.to_owned(), panic.to_string(), true);
    }));
}
