"""Run many simulations, keep them, publish them: studies, runner, store, analysis, figures, tables, command."""
