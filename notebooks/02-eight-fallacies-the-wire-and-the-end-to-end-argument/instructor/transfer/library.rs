//! Not an answer: the library's own transfer.
// answer: transfer
use netsplit::end_to_end::file_transfer::{Checks, Config, FileTransfer};

#[derive(Clone, Debug)]
struct End {
    transfer: FileTransfer,
}

impl Default for End {
    fn default() -> End {
        End {
            transfer: FileTransfer::new(Config {
                checks: Checks::EndToEnd,
                chunk: 50,
                send_again_every: ms(250),
            }),
        }
    }
}

impl Node for End {
    type Message = Packet;
    type Timer = ();
}

impl Service for End {
    type Request = File;
    type Response = Delivered;

    fn on_request(&mut self, call: CallId, file: File, ctx: &mut Context<Self>) {
        let _ = (&self.transfer, call, file, ctx);
    }
}
