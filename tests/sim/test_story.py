from proxy.sim import story


def test_the_story_begins_and_ends_well() -> None:
    first, *_, last = story.OUTAGE
    assert first.behaviour == last.behaviour == story.HEALTHY
    assert first.at == 0.0
    assert last.at < story.LENGTH <= 30.0


def test_the_scenes_are_in_order_and_titled() -> None:
    times = [at for at, _ in story.timeline()]
    assert times == sorted(times)
    assert all(scene.title for scene in story.OUTAGE)
    assert [b.name for _, b in story.timeline()][1] == "cdn_502"
