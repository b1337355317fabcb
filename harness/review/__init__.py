"""What Mews's certification review would see in the requests of a run, as pure functions of it."""

from __future__ import annotations

from pytest_mews.review.judgement import JudgedPoint, Judgement, ReviewVerdict
from pytest_mews.review.points import judge_points

__all__ = ["JudgedPoint", "Judgement", "ReviewVerdict", "judge_points"]
