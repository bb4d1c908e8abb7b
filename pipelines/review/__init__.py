"""People select: the rows that a person decides, the page that shows them, and the files of what was decided.

opened      a data set that rows are shown of: ledger, original records, examples, benchmark items
causes      rows with one cause, which one answer can settle
queues      which rows are asked about: quarantined, doubtful, a random audit, control items
journal     decisions on disk: appended, synced, whole after a kill
desk        who gets which row next, and what a decision does; undo, groups, reservations, adjudication
standing    how well people and rules do: alpha, control items, precision by reason
votes       what has been said about every row;  statements: about one row of finished data, for `trace`
corrected   corrected texts as rows of their own;  applying: the command that brings decisions into the data
row_view    one row as people read it, with its evidence;  shell: the page around it
office, guards, app, serve: the server;  single_file: the page without one
exchange    rows out to other tools and decisions back in;  tool_exports: decisions as those tools write them
"""
