"""Run many simulations, keep and publish them: studies, runner, store, analysis, figures, tables, command."""
