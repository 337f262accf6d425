//! Which queue is meant: names, queue URLs and ARNs.

use crate::error::Error;

/// What the dead-letter queue's name ends with.
const DEAD: &str = "-dlq";
/// Characters of a queue's name.
const NAME: usize = 80;

/// Which queue is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// The address as it was given.
    pub(super) text: String,
    /// The queue's name.
    pub(super) name: String,
    /// The region, where the address names one.
    pub(super) region: Option<String>,
    /// The account that owns the queue, where the address names one.
    pub(super) account: Option<String>,
    /// The queue's URL, where that is the address.
    pub(super) url: Option<String>,
}

impl Address {
    /// Reads `sqs://NAME` or `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |problem: String| Error::Url { url: text.to_owned(), problem };
        if let Some(name) = text.strip_prefix("sqs://") {
            check_name(name).map_err(refuse)?;
            let (text, name) = (text.to_owned(), name.to_owned());
            return Ok(Self { text, name, region: None, account: None, url: None });
        }
        let form = "an SQS address is `sqs://NAME` or `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`";
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let parts: Vec<&str> = rest.map(|rest| rest.split('/').collect()).unwrap_or_default();
        let [host, account, name] = parts.as_slice() else { return Err(refuse(form.into())) };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse(format!("`{account}` is no account, which has 12 digits; {form}")));
        }
        check_name(name).map_err(refuse)?;
        let region = region_of(host).ok_or_else(|| refuse(format!("it names no region; {form}")))?;
        Ok(Self {
            text: text.to_owned(),
            name: (*name).to_owned(),
            region: Some(region),
            account: Some((*account).to_owned()),
            url: Some(text.to_owned()),
        })
    }

    /// The name of the queue's dead-letter queue.
    pub(super) fn dead_name(&self) -> String {
        format!("{}{DEAD}", self.name)
    }
}

/// The URL of the dead-letter queue: in the same account and region as its queue.
pub(super) fn dead_url(queue_url: &str) -> String {
    format!("{queue_url}{DEAD}")
}

/// The address of the queue that an event came from: `arn:aws:sqs:REGION:ACCOUNT:NAME`, which
/// every record of an event carries as its source, becomes
/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
///
/// # Errors
/// [`Error::Url`] when it is no queue's ARN.
pub fn address_of_arn(arn: &str) -> Result<String, Error> {
    let refuse = |problem: &str| Error::Url { url: arn.to_owned(), problem: problem.to_owned() };
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "sqs", region, account, name] = parts.as_slice() else {
        return Err(refuse("a queue's ARN is `arn:aws:sqs:REGION:ACCOUNT:NAME`"));
    };
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !word(partition) || !word(region) {
        return Err(refuse("a queue's ARN is `arn:aws:sqs:REGION:ACCOUNT:NAME`"));
    }
    let domain = if *partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url = format!("https://sqs.{region}.{domain}/{account}/{name}");
    Address::parse(&url).map(|address| address.text)
}

fn check_name(name: &str) -> Result<(), String> {
    if name.ends_with(".fifo") {
        return Err("FIFO queues can't be used: name a standard queue".into());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(format!("`{name}` is no queue's name, which is made of letters, digits, `-` and `_`"));
    }
    if name.len() + DEAD.len() > NAME {
        return Err(format!("the name has more than {} characters (`{DEAD}` must fit after it)", NAME - DEAD.len()));
    }
    Ok(())
}

/// The region in `sqs.REGION.amazonaws.com`, `REGION.queue.amazonaws.com` (of old), `sqs.REGION.api.aws`
/// or a private endpoint's `ID.sqs.REGION.vpce.amazonaws.com`.
fn region_of(host: &str) -> Option<String> {
    let host = host.split(':').next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let at = |label: &str| labels.iter().position(|found| *found == label);
    let region = match (at("sqs"), at("queue")) {
        (Some(sqs), _) => labels.get(sqs + 1).copied(),
        (None, Some(0)) => Some("us-east-1"),
        (None, Some(queue)) => labels.get(queue - 1).copied(),
        (None, None) => None,
    };
    region.filter(|region| region.contains('-')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        Address::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn a_name_leaves_region_and_account_to_the_environment() {
        let address = Address::parse("sqs://zagg_1-a").unwrap();
        assert_eq!((address.name.as_str(), address.dead_name().as_str()), ("zagg_1-a", "zagg_1-a-dlq"));
        assert_eq!((address.region, address.account, address.url), (None, None, None));
    }

    #[test]
    fn a_queue_url_names_its_region_and_account() {
        for (url, region) in [
            ("https://sqs.us-west-2.amazonaws.com/123456789012/zagg", "us-west-2"),
            ("https://us-west-2.queue.amazonaws.com/123456789012/zagg", "us-west-2"),
            ("https://queue.amazonaws.com/123456789012/zagg", "us-east-1"),
            ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/zagg", "cn-north-1"),
            ("https://sqs.eu-west-1.api.aws/123456789012/zagg", "eu-west-1"),
            ("https://vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com/123456789012/zagg", "eu-west-1"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.region.as_deref(), address.account.as_deref()), (Some(region), Some("123456789012")));
            assert_eq!((address.name.as_str(), address.url.as_deref()), ("zagg", Some(url)));
            assert_eq!(dead_url(url), format!("{url}-dlq"));
        }
    }

    #[test]
    fn what_is_no_queue_is_refused_with_the_form_that_is_expected() {
        for (text, hint) in [
            ("sqs://", "no queue's name"),
            ("sqs://a b", "no queue's name"),
            ("sqs://a?region=x", "no queue's name"),
            ("sqs://zagg.fifo", "FIFO"),
            ("https://sqs.us-west-2.amazonaws.com/zagg", "ACCOUNT/NAME"),
            ("https://sqs.us-west-2.amazonaws.com/1234/zagg", "12 digits"),
            ("https://sqs.us-west-2.amazonaws.com/123456789012/a/b", "ACCOUNT/NAME"),
            ("https://sqs.amazonaws.com/123456789012/a", "no region"),
            ("ftp://x", "ACCOUNT/NAME"),
        ] {
            assert!(problem(text).contains(hint), "{text}: {}", problem(text));
        }
        assert!(Address::parse(&format!("sqs://{}", "q".repeat(76))).is_ok());
        assert!(problem(&format!("sqs://{}", "q".repeat(77))).contains("76"));
    }

    #[test]
    fn an_arn_is_turned_into_the_queues_url() {
        let url = |arn| address_of_arn(arn).unwrap();
        assert_eq!(
            url("arn:aws:sqs:us-west-2:123456789012:zagg"),
            "https://sqs.us-west-2.amazonaws.com/123456789012/zagg"
        );
        assert_eq!(
            url("arn:aws-cn:sqs:cn-north-1:123456789012:zagg"),
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/zagg"
        );
        for arn in [
            "",
            "arn:aws:s3:::bucket",
            "arn:aws:sqs:us-west-2:12:zagg",
            "arn:aws:sqs:us-west-2:123456789012:zagg.fifo",
            "arn:aws:sqs:us/west-2:123456789012:zagg",
            "arn:aws:sqs::123456789012:zagg",
        ] {
            assert!(matches!(address_of_arn(arn), Err(Error::Url { .. })), "{arn}");
        }
    }
}
