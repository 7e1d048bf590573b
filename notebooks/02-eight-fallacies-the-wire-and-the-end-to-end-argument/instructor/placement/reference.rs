//! The answer to `placement` as it should be.
// answer: placement
fn place(job: Job) -> Place {
    let links = f64::from(job.links);
    let link_right = 1.0 - job.link_spoils;
    let machines_right = (1.0 - job.machine_spoils).powf(links - 1.0);
    let end = links * job.link_ms / (link_right.powf(links) * machines_right);
    let hop = links * (job.link_ms + job.hop_work_ms) / link_right;
    let both = hop / machines_right;

    let mut places = Vec::new();
    if job.ends_can {
        places.push((end, Place::End));
    }
    if job.hops_can && 1.0 - machines_right <= job.tolerated {
        places.push((hop, Place::Hop));
    }
    if job.ends_can && job.hops_can {
        places.push((both, Place::Both));
    }
    places.sort_by(|one, other| one.0.total_cmp(&other.0));
    places[0].1
}
