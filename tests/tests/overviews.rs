//! Overviews, judged by the cells they are made of and by foreign readers.
