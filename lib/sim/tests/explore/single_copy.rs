//! A register with one copy on each server, and no word between servers: linearizable with one server, and with no more than one. As Stateright's published
//! example has it.

use netsplit_check::spec::{RegisterRequest, RegisterResponse};
use netsplit_node::{CallId, Context, Node, Service, Value};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SingleCopy {
    value: Option<Value>,
}

impl Node for SingleCopy {
    type Message = ();
    type Timer = ();
}

impl Service for SingleCopy {
    type Request = RegisterRequest;
    type Response = RegisterResponse;

    fn on_request(&mut self, call: CallId, request: RegisterRequest, ctx: &mut Context<Self>) {
        match request {
            RegisterRequest::Write(value) => {
                self.value = Some(value);
                ctx.reply(call, RegisterResponse::Written);
            }
            RegisterRequest::Read => ctx.reply(call, RegisterResponse::Value(self.value.clone())),
        }
    }
}
