//! Well-known text (OGC 06-103r4 section 7), with PostGIS' `SRID=..;` in front.

use super::{Place, Region, RegionError, ring};
use crate::area::Ring;

/// Geometries within geometries, at most.
const DEPTH: usize = 16;

pub(super) fn parse(text: &str) -> Result<Region, RegionError> {
    let mut reader = Reader { text, at: 0, region: Region::default(), others: Vec::new(), polygons: 0 };
    reader.reference()?;
    reader.geometry(0)?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.error("the end"));
    }
    let others = reader.others.join(", ");
    match (reader.region.area.parts.is_empty(), others.is_empty()) {
        (true, true) => return Err(RegionError::Empty),
        (true, false) => return Err(RegionError::NoPolygon { found: others }),
        (false, false) => reader.region.notes.push(format!("only polygons count; left out: {others}")),
        (false, true) => {}
    }
    Ok(reader.region)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    region: Region,
    /// Geometries that are no polygons.
    others: Vec<String>,
    /// How many polygons there were.
    polygons: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn blank(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn error(&self, expected: &'static str) -> RegionError {
        let at = self.text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        RegionError::Wkt { at, near: self.rest().chars().take(20).collect(), expected }
    }

    /// Takes a sign if it is there.
    fn sign(&mut self, sign: char) -> bool {
        self.blank();
        let is_there = self.rest().starts_with(sign);
        self.at += if is_there { sign.len_utf8() } else { 0 };
        is_there
    }

    fn need(&mut self, sign: char, expected: &'static str) -> Result<(), RegionError> {
        if self.sign(sign) { Ok(()) } else { Err(self.error(expected)) }
    }

    /// Takes a word of letters, in capitals; empty if there is none.
    fn word(&mut self) -> String {
        self.blank();
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_ascii_uppercase()
    }

    fn number(&mut self) -> Result<f64, RegionError> {
        self.blank();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        let number = rest[..end].parse().map_err(|_| self.error("a number"))?;
        self.at += end;
        Ok(number)
    }

    /// `SRID=4326;`, or nothing.
    fn reference(&mut self) -> Result<(), RegionError> {
        let start = self.at;
        if self.word() != "SRID" {
            self.at = start;
            return Ok(());
        }
        self.need('=', "`=` after SRID")?;
        let code = self.number()?;
        self.need(';', "`;` after the SRID")?;
        if code == 4326.0 {
            return Ok(());
        }
        Err(RegionError::Reference { place: Place::default(), reference: format!("SRID {code}") })
    }

    fn geometry(&mut self, depth: usize) -> Result<(), RegionError> {
        self.blank();
        let start = self.at;
        let mut kind = self.word();
        // Z, M and ZM may be a word of their own or the end of this one.
        for end in ["ZM", "Z", "M"] {
            if let Some(plain) = kind.strip_suffix(end).filter(|plain| plain.ends_with("POLYGON")) {
                kind = plain.to_owned();
                break;
            }
        }
        let after = self.at;
        if !matches!(self.word().as_str(), "Z" | "M" | "ZM") {
            self.at = after;
        }
        match kind.as_str() {
            "POLYGON" => self.polygon(),
            "MULTIPOLYGON" => self.each(Self::polygon),
            "GEOMETRYCOLLECTION" if depth < DEPTH => self.each(|reader| reader.geometry(depth + 1)),
            "POINT" | "MULTIPOINT" | "LINESTRING" | "MULTILINESTRING" | "TRIANGLE" | "TIN" => {
                self.others.push(format!("a {kind}"));
                self.skip()
            }
            _ => {
                self.at = start;
                Err(self.error("POLYGON, MULTIPOLYGON or GEOMETRYCOLLECTION"))
            }
        }
    }

    /// `EMPTY`, or things in brackets.
    fn each(&mut self, mut one: impl FnMut(&mut Self) -> Result<(), RegionError>) -> Result<(), RegionError> {
        let start = self.at;
        if self.word() == "EMPTY" {
            return Ok(());
        }
        self.at = start;
        self.need('(', "`(` or EMPTY")?;
        loop {
            one(self)?;
            if !self.sign(',') {
                return self.need(')', "`,` or `)`");
            }
        }
    }

    fn polygon(&mut self) -> Result<(), RegionError> {
        let place = Place::default().part(self.polygons);
        self.polygons += 1;
        let mut rings: Vec<Ring> = Vec::new();
        self.each(|reader| {
            let mut corners = Ring::new();
            reader.each(|reader| {
                corners.push([reader.number()?, reader.number()?]);
                // Heights and measures are let go.
                for _ in 0..2 {
                    reader.blank();
                    if !reader.rest().starts_with([',', ')']) {
                        reader.number()?;
                    }
                }
                Ok(())
            })?;
            rings.push(corners);
            Ok(())
        })?;
        self.region.area.parts.extend(ring::polygon(rings, place)?);
        Ok(())
    }

    /// Passes over `EMPTY`, or over brackets and what is in them.
    fn skip(&mut self) -> Result<(), RegionError> {
        let start = self.at;
        if self.word() == "EMPTY" {
            return Ok(());
        }
        self.at = start;
        self.need('(', "`(` or EMPTY")?;
        let mut open = 1;
        while open > 0 {
            let sign = self.rest().find(['(', ')']).ok_or_else(|| self.error("`)`"))?;
            self.at += sign;
            open = if self.rest().starts_with('(') { open + 1 } else { open - 1 };
            self.at += 1;
        }
        Ok(())
    }
}
