//! Where a page is, and the way to the next one.

use reqwest::Method;
use serde_json::{Map, Value};
use url::Url;

use super::answer::Link;

/// How to ask for a page.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) url: Url,
    /// What is posted; a page without it is got.
    pub(super) body: Option<Map<String, Value>>,
}

impl Place {
    /// Got, with its parameters in the URL.
    pub(super) fn get(url: &Url, pairs: &[(String, String)]) -> Self {
        let mut url = url.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        Self { url, body: None }
    }

    /// Posted, with its parameters in the body.
    pub(super) fn post(url: &Url, body: Map<String, Value>) -> Self {
        Self { url: url.clone(), body: Some(body) }
    }

    /// What tells this place from others.
    pub(super) fn key(&self) -> String {
        match &self.body {
            Some(body) => format!("{} {}", self.url, Value::Object(body.clone())),
            None => self.url.to_string(),
        }
    }

    /// The place that the link of this place's page leads to (STAC API, "POST search pagination":
    /// a link without a method is got, `merge` puts the link's body over the one before).
    ///
    /// # Errors
    /// Why it is not followed.
    pub(super) fn next(&self, link: &Link) -> Result<Self, String> {
        let href = link.href.as_deref().ok_or("it does not say where to")?;
        let mut url = self.url.join(href).map_err(|error| format!("it is no address: {error}"))?;
        url.set_fragment(None);
        // Servers behind a proxy often take themselves for http.
        let is_same_host = url.host_str() == self.url.host_str();
        if is_same_host && url.scheme() == "http" && self.url.scheme() == "https" && url.port().is_none() {
            url.set_scheme("https").map_err(|()| "its scheme cannot be changed".to_owned())?;
        }
        let credentials = !url.username().is_empty() || url.password().is_some();
        if url.origin() != self.url.origin() || credentials {
            let host = url.host_str().unwrap_or("nowhere");
            let at = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            return Err(format!("it leads to another server, {}://{host}{at}", url.scheme()));
        }
        if link.headers.as_ref().is_some_and(|headers| !headers.is_empty()) {
            return Err("it asks for headers, which are not sent".to_owned());
        }
        let method = link.method.as_deref().unwrap_or("GET");
        let body = match Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
            Ok(Method::GET) => None,
            Ok(Method::POST) => {
                let mut body = self.body.clone().filter(|_| link.merge == Some(true)).unwrap_or_default();
                body.extend(link.body.clone().unwrap_or_default());
                Some(body)
            }
            _ => return Err(format!("it asks for the method {}", super::answer::start(method.as_bytes(), 20))),
        };
        Ok(Self { url, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn link(value: Value) -> Link {
        serde_json::from_value(value).unwrap()
    }

    fn posted() -> Place {
        let Value::Object(body) = json!({"limit": 100, "collections": ["a"]}) else { unreachable!() };
        Place::post(&Url::parse("https://stac.example/v1/search").unwrap(), body)
    }

    #[test]
    fn a_link_without_a_method_is_got() {
        let next = posted().next(&link(json!({"rel": "next", "href": "search?cursor=abc"}))).unwrap();
        assert_eq!((next.url.as_str(), next.body), ("https://stac.example/v1/search?cursor=abc", None));
    }

    #[test]
    fn a_posted_link_is_merged_only_when_it_says_so() {
        let next = |merge| {
            let href = "https://stac.example/v1/search";
            let next = json!({"href": href, "method": "post", "merge": merge, "body": {"next": "n", "limit": 50}});
            Value::Object(posted().next(&link(next)).unwrap().body.unwrap()).to_string()
        };
        assert_eq!(next(true), r#"{"limit":50,"collections":["a"],"next":"n"}"#);
        assert_eq!(next(false), r#"{"next":"n","limit":50}"#);
    }

    #[test]
    fn a_link_to_another_server_is_refused_and_http_of_the_same_is_taken_for_https() {
        for href in ["https://evil.example/search", "https://stac.example:444/search", "https://u:p@stac.example/a"] {
            let error = posted().next(&link(json!({"href": href}))).unwrap_err();
            assert!(error.contains("another server") && !error.contains("u:p"), "{error}");
        }
        let next = posted().next(&link(json!({"href": "http://stac.example/v1/search?c=1#x"}))).unwrap();
        assert_eq!(next.url.as_str(), "https://stac.example/v1/search?c=1");
    }

    #[test]
    fn a_link_that_cannot_be_followed_says_why() {
        for (value, word) in [
            (json!({"rel": "next"}), "where to"),
            (json!({"href": "https://"}), "no address"),
            (json!({"href": "/a", "method": "DELETE"}), "DELETE"),
            (json!({"href": "/a", "headers": {"x": "y"}}), "headers"),
        ] {
            let error = posted().next(&link(value)).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
