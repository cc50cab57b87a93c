//! Sends the same pushes to authorization servers by turns, and compares what each costs its server: `../run` builds and starts it.

mod arguments;
mod clients;
mod drive;
mod process;
mod response;
mod rounds;
mod servers;
mod table;
mod tokens;

use std::{error::Error, process::ExitCode};

use self::{
    arguments::{Arguments, Task},
    clients::Clients,
};

/// What went wrong, in words for the terminal.
type Fault = Box<dyn Error>;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("load: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), Fault> {
    match Arguments::parse(std::env::args().skip(1))? {
        Task::Verify(times) => {
            println!("{}", tokens::verify(&Clients::new()?, times)?);
            Ok(())
        }
        Task::Compare(arguments) => {
            let measured = rounds::run(&arguments)?;
            print!("{}", table::of(&measured, arguments.rounds));
            Ok(())
        }
    }
}
