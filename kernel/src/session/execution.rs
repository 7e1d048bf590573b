//! Cells from request to reply: their run, what they ask the user, and the expressions that are wanted beside them.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::requests::complete_reply;
use super::{Action, Asked, Channel, Current, Session, Task};
use crate::engine::{Cell, Command, Event, InputError, InputKind, Question};
use crate::wire::*;

/// Of how many cells late output finds its place; that of older ones goes to the cell that ran last.
const LATE_CELLS: usize = 1000;

/// A cell that is being run.
pub(super) struct Execution {
    pub request: ExecuteRequest,
    pub number: u32,
    /// What the front end shall show in its pager.
    pub payload: Vec<Value>,
    /// The identifier of the `input_request` that waits for its answer.
    question: Option<String>,
    /// The expressions that are still to be evaluated: name and text.
    expressions: VecDeque<(String, Value)>,
    /// The values of those that have been.
    values: Map<String, Value>,
}

impl Session {
    pub(super) fn execute(&mut self, asked: Asked, request: ExecuteRequest) {
        let number = self.count + 1;
        if !request.silent {
            self.publish(Some(&asked), ExecuteInput { code: request.code.clone(), execution_count: number });
            if request.store_history {
                self.count = number;
                let entry = self.history.push(number, &request.code);
                self.actions.push(Action::Remember(entry));
            }
        }
        self.last_cell = Some(asked.header.clone());
        if !request.silent {
            self.cells.insert(number, asked.header.clone());
            while self.cells.len() > LATE_CELLS {
                self.cells.pop_first();
            }
        }
        self.actions.push(Action::Engine(Command::Execute(Cell {
            code: request.code.clone(),
            number,
            id: asked.cell_id.clone(),
        })));
        let expressions = request.user_expressions.clone().into_iter().collect();
        let execution = Execution {
            request,
            number,
            payload: Vec::new(),
            question: None,
            expressions,
            values: Map::new(),
        };
        self.current = Some(Current { asked, task: Task::Execute(execution) });
    }

    /// An event of the engine.
    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Output(output) => return self.put_out(output),
            Event::Question(question) => return self.ask(question),
            _ => {}
        }
        let is_aside = matches!(event, Event::Completed(_) | Event::Inspected(_));
        let answered = if is_aside { self.aside.pop_front() } else { self.current.take() };
        let Some(Current { asked, task }) = answered else {
            return self.log(format!("expected no answer of the engine, got {event:?}"));
        };
        self.at_hand = Some(asked.clone());
        match (task, event) {
            (Task::Execute(execution), Event::Executed(ended)) => self.executed(asked, execution, ended),
            (Task::Evaluate(mut execution, name), Event::Evaluated(value)) => {
                execution.values.insert(name, expression_value(value));
                self.evaluate_next(asked, execution);
            }
            (Task::Complete { code }, Event::Completed(found)) => {
                self.reply(&asked, complete_reply(&code, found));
                self.status(&asked, ExecutionState::Idle);
            }
            (Task::Inspect, Event::Inspected(found)) => {
                let (found, data) = (found.is_some(), found.unwrap_or_default());
                self.reply(&asked, InspectReply { outcome: Outcome::Ok, found, data, metadata: Map::new() });
                self.status(&asked, ExecutionState::Idle);
            }
            (Task::Comm, Event::CommHandled(handled)) => self.comm_handled(&asked, handled),
            (task, event) => {
                self.current = Some(Current { asked, task });
                self.log(format!("expected another answer of the engine, got {event:?}"));
            }
        }
        self.at_hand = None;
        self.work_off_queue();
    }

    fn executed(&mut self, asked: Asked, execution: Execution, ended: Result<(), ErrorOutput>) {
        match ended {
            Ok(()) => self.evaluate_next(asked, execution),
            Err(error) => {
                if !execution.request.silent {
                    self.publish(Some(&asked), error.clone());
                }
                if execution.request.stop_on_error {
                    self.abort_waiting_cells();
                }
                self.finish(&asked, execution, Outcome::Error(error));
            }
        }
    }

    /// Has the next expression evaluated, or replies if there is none left.
    fn evaluate_next(&mut self, asked: Asked, mut execution: Execution) {
        while let Some((name, expression)) = execution.expressions.pop_front() {
            if let Value::String(code) = expression {
                let cell = Cell { code, number: execution.number, id: None };
                self.actions.push(Action::Engine(Command::Evaluate(cell)));
                return self.current = Some(Current { asked, task: Task::Evaluate(execution, name) });
            }
            let evalue = format!("expected an expression as text, found {expression}");
            let error = ErrorOutput { ename: "BadRequest".into(), evalue, traceback: Vec::new() };
            execution.values.insert(name, expression_value(Err(error)));
        }
        self.finish(&asked, execution, Outcome::Ok);
    }

    fn finish(&mut self, asked: &Asked, execution: Execution, outcome: Outcome) {
        let Execution { request, number, payload, values, .. } = execution;
        let is_counted = request.store_history && !request.silent;
        let payload = if outcome == Outcome::Ok { payload } else { Vec::new() };
        let execution_count = if is_counted { number } else { self.count };
        self.reply(asked, ExecuteReply { outcome, execution_count, user_expressions: values, payload });
        self.status(asked, ExecutionState::Idle);
    }

    /// The running cell asks the user.
    fn ask(&mut self, Question { prompt, kind }: Question) {
        let asked = match &self.current {
            Some(Current { asked, task: Task::Execute(execution) }) => match execution.request.allow_stdin {
                true => Ok(Asked { channel: Channel::Stdin, ..asked.clone() }),
                false => Err(InputError::NotAllowed),
            },
            _ => Err(InputError::NoCell),
        };
        match asked {
            Ok(asked) => {
                self.reply(&asked, InputRequest { prompt, password: kind == InputKind::Password });
                let id = match self.actions.last() {
                    Some(Action::Reply(_, message)) => Some(message.header.msg_id.clone()),
                    _ => None,
                };
                if let Some(execution) = self.execution() {
                    execution.question = id;
                }
            }
            Err(error) => self.actions.push(Action::Engine(Command::Answer(Err(error)))),
        }
    }

    /// A client answers what a cell has asked. Some clients do not say which question they mean.
    pub(super) fn hear_input(&mut self, reply: Message) {
        let is_from_asked =
            self.current.as_ref().is_some_and(|current| current.asked.identities == reply.identities);
        let question = self.execution().and_then(|execution| execution.question.clone());
        let fits = match (&question, &reply.parent) {
            (Some(question), Some(parent)) => parent.msg_id == *question,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let answer = match reply.content {
            Content::InputReply(InputReply { value }) => Ok(value),
            Content::Malformed { msg_type, reason } if msg_type == "input_reply" => {
                Err(InputError::Malformed(reason))
            }
            other => return self.log(format!("expected an input_reply, found {}", other.msg_type())),
        };
        if !fits || !is_from_asked {
            return self.log("expected no input_reply from this client now; ignored".to_string());
        }
        self.settle(answer);
    }

    /// A message could not be delivered; if it was a question, it has no answer.
    pub(super) fn hear_undelivered(&mut self, id: &str) {
        if self.execution().is_some_and(|execution| execution.question.as_deref() == Some(id)) {
            self.settle(Err(InputError::Gone));
        }
    }

    /// A client has gone; if it was being asked, there is no answer.
    pub(super) fn hear_gone(&mut self, identity: &Bytes) {
        let is_asked = self.execution().is_some_and(|execution| execution.question.is_some());
        let is_its_cell =
            self.current.as_ref().is_some_and(|current| current.asked.identities.first() == Some(identity));
        if is_asked && is_its_cell {
            self.settle(Err(InputError::Gone));
        }
    }

    fn settle(&mut self, answer: Result<String, InputError>) {
        if let Some(execution) = self.execution() {
            execution.question = None;
        }
        self.actions.push(Action::Engine(Command::Answer(answer)));
    }

    /// The cell that is running, if one is.
    pub(super) fn execution(&mut self) -> Option<&mut Execution> {
        match &mut self.current {
            Some(Current { task: Task::Execute(execution), .. }) => Some(execution),
            _ => None,
        }
    }
}

/// An expression's value as the protocol shows it.
fn expression_value(value: Result<MimeBundle, ErrorOutput>) -> Value {
    match value {
        Ok(data) => json!({"status": "ok", "data": data, "metadata": {}}),
        Err(ErrorOutput { ename, evalue, traceback }) => {
            json!({"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback})
        }
    }
}
