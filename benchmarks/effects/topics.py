"""The topic the benchmarks publish to."""

from events.topics import EventType, Topic, declare_topic

BENCH = declare_topic(
    Topic(name="bench_effect_eu_web", types=(EventType(name="bench.requested"),), partitions=3)
)
