"""What every stage stands on: the store of parts, tags beside them, the three Beam shapes, progress, Beam's own flags.

    candidates   the columns of a part                      rejection   what a stage says of a candidate
    store        parts, keys, tags, decisions on disk       tags        small tables of what a stage said
    overlays     what people decided and models predicted   transforms  the three Beam shapes over parts
    batches      what a shuffle carries                     beam        flags, options, runner
    workfolder   one run a folder                           progress    told from workers
    disk         full and unwritable disks in one line

Imports no other room of pipelines.
"""
