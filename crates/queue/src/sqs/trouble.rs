//! What kind of trouble an answer of `SQS` is, told from its code and status.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use zagg_core::fault::Fault;

use super::access::ALL_TRIES;
use crate::error::Error;

/// Characters of the broker's words that are kept.
const WORDS: usize = 300;

/// What the broker answered instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{code} (HTTP {status}): {words}")]
struct Refusal {
    code: String,
    status: u16,
    words: String,
}

/// A request that failed, as this crate's error.
pub(super) fn failed<E>(queue: &str, doing: &'static str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let fault = fault(&error);
    let queue = queue.to_owned();
    match error {
        SdkError::TimeoutError(_) => Error::Silent { queue, doing, seconds: ALL_TRIES.as_secs_f64() },
        SdkError::ServiceError(refused) => {
            let code = code(refused.err()).to_owned();
            let words = first_line(refused.err().message().unwrap_or_default());
            let refusal = Refusal { code, status: refused.raw().status().as_u16(), words };
            Error::Broker { queue, doing, fault, source: Box::new(refusal) }
        }
        error => {
            // The raw answer, which a response error holds, is of no use to people.
            let source = error.into_source().unwrap_or_else(|error| error.to_string().into());
            Error::Broker { queue, doing, fault, source }
        }
    }
}

fn fault<E: ProvideErrorMetadata + StdError + 'static>(error: &SdkError<E, HttpResponse>) -> Fault {
    match error {
        SdkError::ServiceError(refused) => fault_of(code(refused.err()), refused.raw().status().as_u16()),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Fault::Transient,
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout() => Fault::Transient,
        SdkError::DispatchFailure(failure) if failure.is_user() => Fault::Malformed,
        SdkError::DispatchFailure(_) => within(error).unwrap_or(Fault::Transient),
        _ => within(error).unwrap_or(Fault::Bug),
    }
}

/// The fault of a credentials error among the causes.
fn within(error: &(dyn StdError + 'static)) -> Option<Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref() {
            return Some(credentials_fault(error));
        }
        next = error.source();
    }
    None
}

/// What kind of trouble it is to have no credentials.
pub(super) fn credentials_fault(error: &CredentialsError) -> Fault {
    match error {
        CredentialsError::ProviderTimedOut(_) | CredentialsError::ProviderError(_) => Fault::Transient,
        _ => Fault::Denied,
    }
}

/// The error's code, in the one of its spellings that has no prefix.
pub(super) fn code<E: ProvideErrorMetadata>(error: &E) -> &str {
    bare(error.code().unwrap_or("no code"))
}

fn bare(code: &str) -> &str {
    code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code)
}

/// What kind of trouble a code is; for an unknown one the status tells.
pub(super) fn fault_of(code: &str, status: u16) -> Fault {
    match bare(code) {
        "RequestThrottled"
        | "RequestThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "OverLimit"
        | "KmsThrottled"
        | "KMS.ThrottlingException" => Fault::Throttled { after: None },
        "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSecurity"
        | "InvalidSignatureException"
        | "KmsAccessDenied"
        | "KMS.AccessDeniedException"
        | "KmsOptInRequired"
        | "KMS.OptInRequired"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => Fault::Denied,
        "QueueDoesNotExist" | "NonExistentQueue" | "KmsNotFound" | "KMS.NotFoundException" => Fault::Missing,
        "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "QueueDeletedRecently" => Fault::Transient,
        "InvalidMessageContents" => Fault::Malformed,
        "BatchRequestTooLong" => Fault::Capacity,
        _ => match status {
            401 | 403 => Fault::Denied,
            404 => Fault::Missing,
            408 | 500.. => Fault::Transient,
            429 => Fault::Throttled { after: None },
            _ => Fault::Bug,
        },
    }
}

/// Whether the queue is not there.
pub(super) fn is_absent<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().map(code);
    matches!(code, Some("QueueDoesNotExist" | "NonExistentQueue"))
}

/// Whether the receipt is no more good. `InvalidParameterValue` is what `SQS` says of a message
/// that is deleted or in nobody's hands, the other parameters being valid.
pub(super) fn is_stale<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().map(code);
    matches!(code, Some("ReceiptHandleIsInvalid" | "MessageNotInflight" | "InvalidParameterValue" | "InvalidIdFormat"))
}

/// The first line, cut: after a refused signature, AWS goes on with the signed headers, of which
/// the session token is one.
fn first_line(words: &str) -> String {
    words.lines().next().unwrap_or_default().chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_what_kind_of_trouble_it_is() {
        for (code, fault) in [
            ("RequestThrottled", Fault::Throttled { after: None }),
            ("ThrottlingException", Fault::Throttled { after: None }),
            ("ExpiredToken", Fault::Denied),
            ("AccessDenied", Fault::Denied),
            ("AWS.SimpleQueueService.NonExistentQueue", Fault::Missing),
            ("InternalError", Fault::Transient),
            ("InvalidMessageContents", Fault::Malformed),
            ("SomethingNew", Fault::Bug),
        ] {
            assert_eq!(fault_of(code, 400), fault, "{code}");
        }
    }

    #[test]
    fn the_status_speaks_where_the_code_is_new() {
        for (status, fault) in [
            (403, Fault::Denied),
            (404, Fault::Missing),
            (429, Fault::Throttled { after: None }),
            (500, Fault::Transient),
            (503, Fault::Transient),
        ] {
            assert_eq!(fault_of("SomethingNew", status), fault, "{status}");
        }
    }

    #[test]
    fn the_signed_headers_in_a_refusal_are_not_repeated() {
        let words =
            "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:secret";
        assert_eq!(first_line(words), "The signature does not match.");
        assert_eq!(first_line(&"é".repeat(1000)).chars().count(), WORDS);
    }

    #[test]
    fn credentials_that_may_still_come_are_worth_another_try() {
        assert_eq!(credentials_fault(&CredentialsError::not_loaded_no_source()), Fault::Denied);
        assert_eq!(credentials_fault(&CredentialsError::provider_error("503")), Fault::Transient);
        let wrapped =
            SdkError::<aws_sdk_sqs::operation::send_message::SendMessageError, HttpResponse>::dispatch_failure(
                aws_sdk_sqs::error::ConnectorError::other(CredentialsError::not_loaded_no_source().into(), None),
            );
        assert_eq!(fault(&wrapped), Fault::Denied);
    }
}
