//! The system as its users meet it: `ael up` with every service a process of its own, worked
//! through the command line and over the bus, and hurt on purpose.

mod erasure;
mod faults;
mod house;
mod import;
mod life;
