//! How many at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub struct InFlight {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// One place; given back when dropped, also by a request whose client went away.
pub struct Place(Arc<AtomicUsize>);

impl InFlight {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    pub fn take(&self) -> Option<Place> {
        let place = Place(self.taken.clone());
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
