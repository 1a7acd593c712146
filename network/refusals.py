"""Every refusal in words: what it means, and what its sender can do about it."""

from __future__ import annotations

from ext.codes import Code

WORDS: dict[Code, str] = {
    Code.OK: "the record is accepted; nothing to do",
    Code.EMPTY_RECORD: "the line holds nothing, or nothing but separators; leave it out",
    Code.LINE_TOO_LONG: "the line is longer than 4,096 bytes; look for a missing newline",
    Code.NUL_BYTE: "the line holds a NUL byte; write the file again as plain text",
    Code.BAD_ENCODING: "the line is not in the file's encoding; write canonical files as UTF-8",
    Code.BAD_QUOTING: "the line's quotation marks, or a JSON line's brackets, do not pair; quote"
                      " whole fields, double a mark inside, and keep a field on one line",
    Code.COLUMN_COUNT: "the line has more or fewer fields than the header, or another length than"
                       " the layout says; quote fields that hold commas",
    Code.TRUNCATED_LINE: "the file ends inside this line; send the whole file again",
    Code.MISSING_VALUE: "a value that this record needs is blank; fill it in",
    Code.CARD_INVALID: "the card is not up to 20 digits, nor up to 16 letters and digits; send the"
                       " number as it is on the card",
    Code.CARD_SPREADSHEET: "a spreadsheet has rounded the card number (1.80063E+14) or marked it as"
                           " text ('310 or =\"310\" or a tab); export it from its source again",
    Code.NUMBER_INVALID: "the value is not a whole number, or a revision of 0; write digits only, a"
                         " revision from 1 up",
    Code.NUMBER_OVERFLOW: "the number is larger than its field can be; correct it at its source",
    Code.AMOUNT_INVALID: "the amount is not a whole number of minor units (fen, cents); write 250"
                         " for 2.50, or say `decimals` in the file's layout",
    Code.AMOUNT_NEGATIVE: "the amount is negative, and no `paid` of an exit or a boarding that was"
                          " given back; correct it, or send a correction of the record",
    Code.AMOUNT_OVERFLOW: "the amount is beyond 2,000,000,000 minor units; correct it at its"
                          " source",
    Code.TIME_INVALID: "the time does not exist or is not written as 20241125073000 or"
                       " 2024-11-25T07:30:00; correct it",
    Code.TIME_TOO_EARLY: "the time is before the network takes taps (taps_from), or its day is"
                         " archived or too near to archived ones; check the validator's clock",
    Code.TIME_IN_FUTURE: "the time is more than ten minutes after the file came in; check the"
                         " validator's clock",
    Code.UNKNOWN_OPERATOR: "the network has no operator of this code; correct it, or enter the"
                           " operator in network.toml",
    Code.UNKNOWN_MODE: "the network has no mode of this name; correct it, or add it to modes in"
                       " network.toml",
    Code.UNKNOWN_KIND: "the kind is not single, in, out, ride, top_up, lock or refund; write one of"
                       " these",
    Code.UNKNOWN_STOP: "the operator's list has no stop of this code; correct it, or add it to the"
                       " list",
    Code.UNKNOWN_MEDIUM: "the network has no medium of this name; correct it, or add it to media in"
                         " network.toml",
    Code.UNKNOWN_CARD_KIND: "the network has no card kind of this name; correct it, or add it to"
                            " card_kinds in network.toml",
    Code.UNKNOWN_ISSUER: "no issuer has this code or a prefix of this card; name the issuer, or add"
                         " its prefix in network.toml",
    Code.UNKNOWN_DIRECTION: "the direction is not up, down or blank; write one of these",
    Code.ENTRY_AFTER_EXIT: "the rider got in after getting out; check both clocks",
    Code.TAC_MALFORMED: "the authentication code is not eight hexadecimal digits; send it as the"
                      " card gave it",
    Code.CODE_TOO_LONG: "the code is longer than 64 bytes; use a shorter one",
    Code.MODE_NOT_RUN: "the operator does not run this mode; correct the record, or the operator's"
                       " modes in network.toml",
    Code.DATE_INVALID: "the date is none, not written as 1961-07-30, or out of range (born_on:"
                       " 1900-01-02 to the tap's day; reviewed_until: 1970-01-02 to 2149-06-06);"
                       " correct it",
    Code.UNKNOWN_CORRECTION: "the correction is not replace, cancel or blank; write one of these",
    Code.UNKNOWN_REASON: "the reason is none that a correction can have; write wrong_time,"
                         " wrong_place, wrong_amount, wrong_rider, not_a_ride, refund, dispute or"
                         " other",
    Code.UNKNOWN_AUTHORITY: "the network has no member of this code; name the operator, issuer,"
                            " funder or centre that authorised the correction",
    Code.FOREIGN_AUTHORITY: "the correction is authorised by another operator than the record's;"
                            " name the record's own, or an issuer, a funder or a centre",
    Code.PADDED_VALUE: "the value begins or ends with a space, a tab or a character that nobody"
                       " sees; write it without, or have a layout `strip` it",
    Code.CONTROL_CHARACTER: "the code holds a character that nobody sees (one that terminals obey,"
                            " a format, a private one); write it without",
    Code.CLAIM_DECISION: "a file cannot release or reject what is held; an approver of the network"
                         " does, with `onecard held`",
    Code.FOREIGN_OPERATOR: "the file's sender may not send records of this operator; have its own"
                           " sender send them, or enter the operator with the sender in"
                           " network.toml",
    Code.FOREIGN_DEVICE: "the file's sender may not send records of this device; correct it, or"
                         " enter it in the sender's list of devices",
    Code.TAC_INVALID: "the authentication code is not what the issuer's key makes of amount,"
                      " device, counter and time; send the record as the validator wrote it",
    Code.TAC_KEY_UNKNOWN: "the keystore has no key of this issuer, version and algorithm; add the"
                          " key, or correct what the record says of it",
    Code.TAC_GREY: "the card was taken away before it gave its code (all F), and no later record"
                   " can show that it paid, as this one has no balance_before; send it with that",
    Code.CARD_DENIED: "the card was on the deny list that had to be on the validator by then, so"
                      " that its operator bears the ride; have validators take their lists in"
                      " time",
    Code.ISSUER_NOT_ADMITTED: "the network admits no cards of this issuer on that day; refuse them"
                              " at the validator, or enter its admission in network.toml",
    Code.CARD_NOT_ACTIVE: "the card was blocked, lost or closed by then, as the card register says;"
                          " have validators stop it, or correct its status there",
    Code.CARD_EXPIRED: "the card was valid up to a day before, as the card register says; have"
                       " validators stop it, or correct its valid_until there",
    Code.TEST_RECORD: "the record is one of a test; leave it out, no money is owed for it",
    Code.UNKNOWN_TERMINAL: "the network's list of terminals does not have this device on that day;"
                           " correct it, or enter the device there",
    Code.TERMINAL_ELSEWHERE: "the network's list of terminals has this device on another line or"
                             " vehicle on that day; correct the record, or the list",
    Code.DUPLICATE: "the record says nothing that is not in the book; it is known, and not refused"
                    " (to take a charge back or change it, send a correction)",
    Code.CONFLICT: "another record has this card and counter but says something else; send a"
                   " correction with what is true, or list the card's new chip in the card"
                   " register",
    Code.CORRECTED: "a correction of this record was received; nothing to do",
    Code.FOREIGN_RECORD: "the record that this corrects is another operator's; have that operator"
                         " send the correction",
    Code.UNPROVEN_RECORD: "another operator's record of this card and counter has a right"
                          " authentication code, and yours has none; send yours with its code, if"
                          " the card was with you",
    Code.CONTESTED: "another operator claims this card and counter, too; send yours with its "
    "authentication code, or have the issuer or the centre authorise a correction",
    Code.GIVEN_BACK_IN_PART: "the record gives back a part of what its charge took, which stands;"
                             " send the charge as a correction (replace) with what stayed as paid",
    Code.NO_FARE: "no table has a fare for this ride, or its row says on purpose that there is"
                  " none; complete the tables or correct the record",
    Code.PRICE_OVERFLOW: "the price of this ride is beyond what can be reckoned; correct its table",
    Code.REBATE_ALONE: "more was given back than was taken, by this ride or by one of the 30 days"
                       " before that fits; send the record of"
                       " the charge, or a correction",
    Code.RIDE_CODE_MALFORMED: "the ride code is not one: its hexadecimal digits, length,"
                              " certificate or dates are none that codes have; send it as it was"
                              " scanned",
    Code.RIDE_CODE_CA_UNKNOWN: "the network does not list the certificate authority's key by which"
                               " the ride code's issuer is certified; enter it in network.toml, or"
                               " refuse such codes",
    Code.RIDE_CODE_CERTIFICATE: "the certificate in the ride code is not signed by the authority"
                                " that it names; refuse such codes at the validator",
    Code.RIDE_CODE_CERTIFICATE_EXPIRED: "the certificate in the ride code had ended when it was"
                                        " scanned; have its issuer renew it",
    Code.RIDE_CODE_ISSUER: "what the ride code says of its account is not signed by the issuer of"
                           " its certificate; refuse such codes at the validator",
    Code.RIDE_CODE_USER: "the ride code is not signed by its rider's key; refuse such codes at the"
                         " validator",
    Code.RIDE_CODE_EXPIRED: "what the issuer allowed in the ride code had ended when it was"
                            " scanned; have validators hold codes to it",
    Code.RIDE_CODE_WINDOW: "the ride code was scanned longer before or after it was shown than it"
                           " is valid; set the validator's clock, and have it refuse old codes",
    Code.RIDE_CODE_CAP: "the ride cost more than the ride code allows for one ride; send the"
                        " amount that was charged",
    Code.RIDE_CODE_CARD: "the ride code is another card's; send each record with the code that was"
                         " scanned for it",
    Code.DUPLICATE_FILE: "a file of the same bytes was accepted whole before; it is known",
    Code.FILE_EMPTY: "the file holds nothing; send it again",
    Code.HEADER_INVALID: "the header's columns are not those of the format; correct the header or"
                         " name the layout of the file",
    Code.TRAILER_MISMATCH: "the file is not what its title or trailer says; send the whole file"
                           " again",
    Code.FILE_ENCODING: "the file is not in the encoding that it should have; write it as UTF-8, or"
                        " name the encoding in its layout",
    Code.FILE_STRUCTURE: "the file is not built as its layout says; check which layout fits it",
    Code.TOO_MANY_REFUSED: "more records of the file are wrong than are listed one by one; mend"
                           " the first of each kind and all like it, and send the file again",
    Code.TOO_MANY_CODES: "the file brings more new codes than one file may; correct them, or split"
                         " the file if they are right",
    Code.ARCHIVE: "the file is an archive; unpack it, and send what is in it; a workbook needs "
                  "a layout: onecard layouts guess FILE",
    Code.FILE_NAME: "the name is none that the sender's contract has; give the file its right"
                    " name, or enter the name with the sender in network.toml",
    Code.FILE_NAME_TAKEN: "a file of this name came before with other content; send what is new"
                          " under a new name",
    Code.FILE_CONTENT_TAKEN: "the same content came before under another name; send the file that"
                             " belongs to this name",
    Code.FILE_GAP: "the sender's file before this one has not come; send that one first, or both"
                   " together",
    Code.FILE_IN_PART: "a record of the file is wrong, and the sender's files are taken whole;"
                       " correct it and send the whole file again",
    Code.DISPUTE_STEP: "the step is none of query, chargeback, exception, accept, refuse and"
                       " close; write one of these",
    Code.DISPUTE_UNKNOWN: "the book has no such dispute; look for it with `onecard dispute list`",
    Code.DISPUTE_RIDE: "the ledger has no such ride, or more than one, or holds it back; look for"
                       " it with `onecard show rides`",
    Code.DISPUTE_WINDOW_OPEN: "the ride's window is not closed, and nobody has paid for it; have"
                              " its operator correct the record, or wait for `onecard settle`",
    Code.DISPUTE_PARTY: "the member owes the operator nothing for this ride; have the one dispute"
                        " it that does",
    Code.DISPUTE_TERMS: "no dispute_terms of the network hold between these two for this ride;"
                        " agree on them, and add them to network.toml",
    Code.DISPUTE_AMOUNT: "the amount is nothing, or more than is owed for the ride, or than is"
                         " disputed; correct it",
    Code.DISPUTE_TWICE: "the member has disputed this ride before; go on with that dispute",
    Code.DISPUTE_NOT_ASKED: "it is another member's turn; have that one take the step",
    Code.DISPUTE_STATE: "the dispute is not at a point where this step can be; look at it with"
                        " `onecard dispute show`",
    Code.DISPUTE_TOO_LATE: "the last day for this step is over; `onecard dispute list` says what"
                           " can be done now",
    Code.DISPUTE_TOO_EARLY: "the other side may still take its step; wait until its last day is"
                            " over",
    Code.DISPUTE_DAY: "the day is still to come, or before the dispute's last step; write the day"
                      " on which the step was taken",
}
