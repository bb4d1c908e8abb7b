"""What a person sees and types: the verbs' work with a console around it, and the verbs that only read a data set."""
