"""A made-up day of taps, as operators would submit it: files in onecard-taps/1, with their dirt.

From the front: `clearing.sample.day.write_day`. Inside, in the order of the work:

    shape.py    how a day's rides are spread over its hours (measured)
    town.py     who lives where, rides what and how often (assumed, for the network `demo`)
    network_day.py  which line, stop, table and fare there is to draw from
    prices.py   what a validator would charge: a network's tables as look-up arrays
    rides.py    one block of cards: their rides of the day, in order, priced
    taps.py     rides to taps, in the files in which they are handed in; doubles, late ones
    text.py     taps to lines, by whole columns of bytes
    spoilt.py   records as broken devices and spreadsheets leave them
    files.py    the files, their header and their trailer

Every number drawn comes from one seed, the day and the block of cards: the same call writes the
same bytes, whatever the number of threads. Money is whole fen; chances are whole numbers out of
65,536.
"""
