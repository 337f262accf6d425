//! From the coarse to the fine: which nodes of a tree of areas a polygon touches.
//!
//! Each node is asked only about the sides of the polygon that come into its cap. Where none
//! does, the node is inside or outside as a whole, which one position decides; where one does,
//! its children are asked, and at the end the node itself, exactly.

use super::{
    arc::Arc,
    cap::Cap,
    polygon::{Polygon, Witness},
    shape::{Band, Lies, Shape},
};

/// A tree of areas. The cap of a node holds its own area and the middles of its children's caps.
pub(super) trait Tree {
    /// One area.
    type Node: Copy;

    /// A cap around a node, widened by the margin.
    fn cap(&self, node: Self::Node) -> Cap;

    /// Appends a node's children in ascending order; none of a leaf.
    fn children(&self, node: Self::Node, into: &mut Vec<Self::Node>);

    /// Whether a leaf has a position in common with one of some arcs.
    fn touches(&self, leaf: Self::Node, arcs: &mut dyn Iterator<Item = &Arc>) -> bool;

    /// Where a node lies with regard to a band; exact of a leaf.
    fn lies(&self, node: Self::Node, band: &Band) -> Lies;
}

/// Memory that descents share.
pub(super) struct Descent<N> {
    /// Stacked: the places of the arcs that come into the node at hand and into those above it.
    arcs: Vec<u32>,
    /// Stacked: the children still to be asked.
    nodes: Vec<N>,
    /// The nodes found, ascending: all of each is touched, or it is a leaf.
    pub(super) found: Vec<N>,
}

impl<N: Copy> Descent<N> {
    pub(super) fn new() -> Self {
        Self { arcs: Vec::new(), nodes: Vec::new(), found: Vec::new() }
    }

    /// Appends to `found` what of `root`, whose cap is given, a part touches.
    pub(super) fn run<T: Tree<Node = N>>(&mut self, tree: &T, shape: &Shape, root: N, cap: &Cap) {
        self.nodes.clear();
        match shape {
            Shape::Polygon(polygon) => self.run_polygon(tree, polygon, root, cap),
            Shape::Band(band) => self.visit_band(tree, band, root),
        }
    }

    fn run_polygon<T: Tree<Node = N>>(&mut self, tree: &T, polygon: &Polygon, root: N, cap: &Cap) {
        if polygon.cap.is_some_and(|around| !around.meets(cap)) {
            return;
        }
        self.arcs.clear();
        self.arcs.extend(0..polygon.arcs.len() as u32);
        self.visit(tree, polygon, root, cap, 0, polygon.known);
    }

    /// Asks one node; `from` is where the arcs of the node above begin on the stack, `known` a
    /// witness in its cap.
    fn visit<T: Tree<Node = N>>(
        &mut self,
        tree: &T,
        polygon: &Polygon,
        node: N,
        cap: &Cap,
        from: usize,
        known: Witness,
    ) {
        let own = self.arcs.len();
        for place in from..own {
            let index = self.arcs[place];
            if polygon.arcs[index as usize].comes_into(cap) {
                self.arcs.push(index);
            }
        }
        let first = self.nodes.len();
        if self.arcs.len() > own {
            tree.children(node, &mut self.nodes);
            if self.nodes.len() == first {
                let mut near = self.arcs[own..].iter().map(|&index| &polygon.arcs[index as usize]);
                if tree.touches(node, &mut near) || self.moved(polygon, known, cap, from, own).inside {
                    self.found.push(node);
                }
            } else {
                let known = self.moved(polygon, known, cap, from, own);
                for place in first..self.nodes.len() {
                    let child = self.nodes[place];
                    self.visit(tree, polygon, child, &tree.cap(child), own, known);
                }
            }
        } else if polygon.cap.is_none_or(|around| around.meets(cap))
            && self.moved(polygon, known, cap, from, own).inside
        {
            self.found.push(node);
        }
        self.nodes.truncate(first);
        self.arcs.truncate(own);
    }

    fn visit_band<T: Tree<Node = N>>(&mut self, tree: &T, band: &Band, node: N) {
        let lies = tree.lies(node, band);
        if lies == Lies::Outside {
            return;
        }
        let first = self.nodes.len();
        if lies == Lies::Across {
            tree.children(node, &mut self.nodes);
        }
        if self.nodes.len() == first {
            self.found.push(node);
        }
        for place in first..self.nodes.len() {
            let child = self.nodes[place];
            self.visit_band(tree, band, child);
        }
        self.nodes.truncate(first);
    }

    fn moved(&self, polygon: &Polygon, known: Witness, cap: &Cap, from: usize, to: usize) -> Witness {
        known.moved(cap, || self.arcs[from..to].iter().map(|&index| &polygon.arcs[index as usize]))
    }
}
