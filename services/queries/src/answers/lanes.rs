//! How far the timeline has come in each lane, and up to where it is complete.
//!
//! Lanes commit on their own: what one shows already may stand behind what another has still to
//! take. But whatever a lane shows was settled, and what is settled has nothing before it that is
//! still to come: a lane that has nothing left to take is as far as the farthest of them.

use crate::refusal::Answered;
use crate::view::View;
use ael_events::ids::{LANES, Lane};
use ael_events::order::Order;

/// One place for each lane.
pub type Places = [Order; LANES as usize];

/// Where a lane of the timeline stands, and what it has to take next.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    at: Order,
    next: Option<Order>,
}

/// Where the timeline stands, at the moment of a look.
#[derive(Debug, Default)]
pub struct Lanes([Standing; LANES as usize]);

type Row = (i16, i32, i64, i64, Option<i32>, Option<i64>, Option<i64>);

impl Lanes {
    /// Asks where it stands.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn read(view: &mut View) -> Answered<Self> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT lane, incarnation, xid, position, next_incarnation, next_xid, next_position \
             FROM read.timeline_lanes()",
        )
        .fetch_all(&mut *view.tx)
        .await?;
        let mut lanes = Self::default();
        for (lane, incarnation, xid, position, next_incarnation, next_xid, next_position) in rows {
            let number = usize::try_from(lane).unwrap_or(usize::MAX);
            if let Some(standing) = lanes.0.get_mut(number) {
                standing.at = Order { incarnation, xid: xid.unsigned_abs(), position };
                let next = next_incarnation.zip(next_xid).zip(next_position);
                standing.next = next.map(|((incarnation, xid), position)| Order {
                    incarnation,
                    xid: xid.unsigned_abs(),
                    position,
                });
            }
        }
        Ok(lanes)
    }

    /// Before this place nothing is missing; anywhere, when there is none.
    pub fn complete_before(&self) -> Option<Order> {
        self.0.iter().filter_map(|standing| standing.next).min()
    }

    /// Up to where each lane is complete.
    pub fn complete(&self) -> Places {
        let farthest = self.0.iter().map(|standing| standing.at).max().unwrap_or_default();
        self.0.map(|standing| if standing.next.is_some() { standing.at } else { farthest })
    }
}

/// The place of a lane.
pub fn place(places: &Places, lane: Lane) -> Order {
    places.get(usize::from(lane.number())).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(xid: u64) -> Order {
        Order { incarnation: 1, xid, position: 1 }
    }

    #[test]
    fn a_lane_with_nothing_left_to_take_is_as_far_as_the_farthest() {
        let mut lanes = Lanes::default();
        lanes.0[3] = Standing { at: at(50), next: None };
        lanes.0[5] = Standing { at: at(20), next: Some(at(40)) };
        let complete = lanes.complete();
        assert_eq!((complete[0], complete[3], complete[5]), (at(50), at(50), at(20)));
        assert_eq!(lanes.complete_before(), Some(at(40)));
        assert_eq!(Lanes::default().complete_before(), None);
        assert_eq!(Lanes::default().complete()[0], Order::START);
    }
}
