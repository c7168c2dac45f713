"""Tables, figures and the HTML report: what a study found, in a form that can be read, printed and checked."""
