import streamlit as st

from footprint.auth import require_user
from footprint.data.deployment import deployment_info
from footprint.data.factors import factor_set_built, restatement_log
from footprint.data.footprint import my_footprint
from footprint.data.period import DEFAULT, preset_period
from footprint.data.rates import rates
from footprint.ui.calculator import draw_calculator
from footprint.ui.method import (
    draw_constants,
    draw_own_models,
    draw_restated_months,
    draw_restatements,
    draw_validation,
    draw_words,
)
from footprint.ui.page import begin

me = require_user()

with begin("Method", me) as view:
    deployment = deployment_info(me)
    built = factor_set_built(me, deployment.factor_set)
    view.subtitle.caption(
        f"How energy, CO₂e and water are estimated · factor set {deployment.factor_set or 'none'}"
        + (f", built {built}" if built else "")
    )

    st.header("Look up a model", anchor=False)
    draw_calculator(view, deployment.factor_set, rates(me, deployment.today))

    st.header("Your own models, twice", anchor=False)
    footprint = my_footprint(me, preset_period(DEFAULT, deployment.today))
    draw_own_models(view, footprint, deployment.factor_set)

    st.header("The method", anchor=False)
    draw_words(["The formula", "How a model finds its factor", "Where it is computed"])
    draw_words(["What is in, and what is not"])
    draw_words(["Market-based carbon"])
    with st.expander("Constants and their sources"):
        draw_constants()

    st.header("How good it is", anchor=False)
    draw_validation()
    draw_words(["Known gaps"])

    st.header("The record", anchor=False)
    draw_words(["The factor set"])
    st.subheader("Restatements", anchor=False)
    log = restatement_log(me)
    draw_restatements(log, view.formats)
    draw_restated_months(view, log)
    draw_words(["Changes of the method", "How to cite"])
