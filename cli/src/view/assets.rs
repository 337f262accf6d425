//! The page and its parts, which are in the program.

/// Address, kind and contents.
const ASSETS: [(&str, &str, &str); 10] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page/page.css")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/js/main.js", JAVASCRIPT, include_str!("page/js/main.js")),
    ("/js/ask.js", JAVASCRIPT, include_str!("page/js/ask.js")),
    ("/js/colour.js", JAVASCRIPT, include_str!("page/js/colour.js")),
    ("/js/tiles.js", JAVASCRIPT, include_str!("page/js/tiles.js")),
    ("/js/map.js", JAVASCRIPT, include_str!("page/js/map.js")),
    ("/js/panel.js", JAVASCRIPT, include_str!("page/js/panel.js")),
    ("/js/live.js", JAVASCRIPT, include_str!("page/js/live.js")),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The kind and the contents of what is at a path.
pub(super) fn find(path: &str) -> Option<(&'static str, &'static str)> {
    ASSETS.iter().find(|(at, ..)| *at == path).map(|(_, kind, contents)| (*kind, *contents))
}
