"""Ways into Footprint: events are packed into batches and delivered, once each."""
