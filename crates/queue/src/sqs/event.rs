//! Jobs that Lambda hands over: the records of an `SQS` event.

use std::time::Instant;

use super::Sqs;
use crate::error::Error;
use crate::message::{Undecodable, decode, undecodable};
use crate::queue::{Delivery, Receipt, Settled};

impl Sqs {
    /// The delivery in a record of an event: its `body`, its `receiptHandle` and its attribute
    /// `ApproximateReceiveCount`. The lease is the queue's visibility time-out, from now on: Lambda doesn't
    /// tell since when it runs.
    ///
    /// # Errors
    /// When the message is no job: [`Sqs::bury_record`] is for that.
    pub fn delivery(&self, body: &str, receipt_handle: &str, receive_count: u32) -> Result<Delivery, Undecodable> {
        let job = decode(body.as_bytes())?;
        let (attempt, receipt) = (receive_count.max(1), Receipt::new(receipt_handle.to_owned()));
        Ok(Delivery { job, attempt, receipt, expires: Instant::now() + self.visibility })
    }

    /// Sets a record aside whose message is no job, so that Lambda need not be told that it failed.
    ///
    /// # Errors
    /// When the broker can't be reached or refuses: then the record may be in both places.
    pub async fn bury_record(
        &self,
        body: &str,
        receipt_handle: &str,
        receive_count: u32,
        why: &Undecodable,
    ) -> Result<Settled, Error> {
        let link = self.link().await?;
        self.inter(&link, receipt_handle, body, receive_count, &undecodable(why)).await?;
        Ok(Settled::Done)
    }
}
