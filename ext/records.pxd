"""Every record layout, once: packed, explicit sizes, little-endian, no implicit holes.

NumPy dtypes (ext/records.pyx) are read off these structs, ClickHouse columns (clearing/book/)
are tested against them. Money is int64 minor units. Times are UTC seconds since 1970. A name
(member, stop, line, device, vehicle, mode, ...) is a number given by the book's dictionary; 0 is
none.

A card identity is 128 exact bits: up to 20 digits as (digits count << 56 | value >> 64, value),
or up to 16 letters and digits as their ASCII bytes, big-endian, padded with zero bytes. The top
byte tells them apart: 1 to 20 is a digit count, ASCII starts at 48.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    LEGS = 7            # that one entry can carry: the fare, discounts, fees
    DISCOUNT_LEGS = 4   # of them, after splitting by funder: more cannot be compiled
    FARE_LEG = 0        # the first is always what the rider paid

cdef enum:
    PPM = 1000000       # parts of a whole: shares, fees
    DAY_S = 86400

cpdef enum:
    AMOUNT_MOST = 2000000000    # of one record or price: the largest that is believed
    DAYS_MOST = 65536           # service days that an entry can have, counted from 1970

cdef enum:              # Tap.flags
    HAS_DUE = 1
    HAS_PAID = 2
    HAS_BALANCE = 4
    HAS_DISTANCE = 8
    HAS_TAC = 16
    CARRIED = 32        # while clearing only: the book has it already
    SET_ASIDE = 64      # while clearing, and in open_rides: is judged beside others, but not paired
    BUFFERED_MORE = 128 # while buffered only: a BufferedMore follows
    BY_COUNTER = 128    # while clearing only: stands before others of its day by its counter

cdef enum:              # Tap.blanks: what the record leaves blank although the field has a value
    BLANK_MEDIUM = 1        # the field has what a blank stands for
    BLANK_CARD_KIND = 2
    BLANK_ISSUER = 4
    BLANK_KEY_VERSION = 8   # the field is 0, which a record can say, too
    BLANK_ALGORITHM = 16
    PROVEN = 32             # no blank: its authentication code is what its issuer's key makes
    DENIED = 64             # no blank: an exit whose card was on the deny list
    NOT_ADMITTED = 128      # no blank: an exit whose issuer no admission was for

cdef enum:              # Ride.flags
    PAID_BY_VALIDATOR = 1   # paid is money that has left the card; the price only splits it
    RIDE_HAS_DUE = 2
    HELD = 4                # not settled yet: a variance or claim, or that no one agreement holds
    RIDE_HAS_DISTANCE = 8
    REVIEWED = 16           # the card's yearly review is valid on the service day
    REVERSAL = 32           # of an entry: takes another back, amounts are negative
    RIDE_BY_COUNTER = 64    # stands before others of its day by its counter, not by the clocks
    RIDE_LINE_CHANGED = 128 # its vehicle said another line at the way out: `line` is the way in's

cdef enum:              # CardState.transfers
    NO_TRANSFER = 255   # no ride to transfer from

cdef enum:              # FareRow.chain
    NO_CHAIN = 255      # its rides are of no transfer chain

cdef enum:              # Share.funder, for a funder that depends on the ride
    SHARE_OPERATOR = 65534
    SHARE_ISSUER = 65535

cdef packed struct Tap:
    uint64_t card_hi
    uint64_t card_lo
    int64_t due             # before discounts, as the validator says; see HAS_DUE
    int64_t paid            # as the validator charged, or gave back (negative); see HAS_PAID
    int64_t balance_before  # before this tap; see HAS_BALANCE
    uint64_t source_offset  # byte offset of the record in its file
    uint32_t tapped_at
    uint32_t in_at          # RIDE records: when the rider got in, tapped_at is when out
    uint32_t card_seq
    uint32_t device
    uint32_t device_seq
    uint32_t line
    uint32_t vehicle
    uint32_t stop           # RIDE records: where out (0: never tapped out)
    uint32_t in_stop        # RIDE records: where in
    uint32_t distance_m
    uint32_t tac
    uint32_t source_line    # 1 is the first line of the file (the header)
    uint32_t source_file
    uint16_t operator       # member number
    uint16_t issuer         # member number
    uint16_t born_day       # of the rider, days since 1900; 0 not said
    uint16_t review_day     # the last day that the card's yearly review is valid, days since 1970
    uint8_t mode
    uint8_t kind            # TapKind
    uint8_t medium
    uint8_t card_kind
    uint8_t direction       # 0 not said, 1 up, 2 down
    uint8_t flags
    uint8_t key_version
    uint8_t algorithm
    uint16_t service_day    # of its own time; set when its card is cleared
    uint16_t first_code     # Code, as it was told when it came; set likewise
    uint16_t authority      # member number of who authorised the correction
    uint8_t correction      # CorrectionKind; 0: as the validator sent it
    uint8_t revision        # of a correction, from 1; the highest of a record's counts
    uint8_t correction_reason   # CorrectionReason
    uint8_t blanks
    uint16_t generation     # of its card's number, by the register; set when its card is cleared

cdef enum:
    BUFFERED_BLANKS = 2     # bits of BufferedTap.direction that are the direction

cdef packed struct BufferedTap: # what nearly every tap has, until its partition is cleared
    uint64_t card_hi
    uint64_t card_lo
    int32_t due
    int32_t paid
    int32_t balance_before
    uint32_t offset_low     # source_offset, 48 bits of it
    uint32_t row            # of the block, from 0
    uint32_t block          # which block of which file it is from
    uint32_t tapped_at
    uint32_t card_seq
    uint32_t device
    uint32_t device_seq
    uint32_t line
    uint32_t vehicle
    uint32_t stop
    uint16_t offset_high
    uint16_t operator
    uint16_t issuer
    uint8_t mode
    uint8_t kind
    uint8_t medium
    uint8_t card_kind
    uint8_t direction       # and the blanks, from BUFFERED_BLANKS bits up
    uint8_t flags

cdef packed struct BufferedMore:    # the rest of a tap that has any of it
    uint32_t in_at
    uint32_t in_stop
    uint32_t distance_m
    uint32_t tac
    uint16_t born_day
    uint16_t review_day
    uint16_t authority
    uint8_t key_version
    uint8_t algorithm
    uint8_t correction
    uint8_t revision
    uint8_t correction_reason
    uint8_t stopped         # DENIED, NOT_ADMITTED: there is no room for them beside the direction

cdef packed struct Refusal:
    uint64_t offset
    uint32_t line
    uint32_t file
    uint32_t length         # bytes of the record
    uint16_t code           # Code
    uint8_t field           # which column, 1-based as in the layout; 0: the record as a whole
    uint8_t reserved

cdef packed struct Ride:
    uint64_t card_hi
    uint64_t card_lo
    int64_t validator_due   # see RIDE_HAS_DUE
    int64_t validator_paid  # see PAID_BY_VALIDATOR
    uint32_t started_at     # 0 where the way in is missing
    uint32_t ended_at       # 0 where the way out is missing; equal to started_at for SINGLE_TAP
    uint32_t card_seq       # of the ride's first tap
    uint32_t out_seq        # of the ride's last tap
    uint32_t device_seq     # of the ride's last tap
    uint32_t first_tap      # index into the partition's taps
    uint32_t last_tap       # index; equal to first_tap where there is one tap
    uint32_t device         # of the tap that charged (the last)
    uint32_t line
    uint32_t vehicle
    uint32_t from_stop
    uint32_t to_stop
    uint32_t distance_m
    uint16_t operator       # of the last tap
    uint16_t issuer
    uint16_t service_day    # days since 1970 in civil time, by the network's day start
    uint8_t mode
    uint8_t medium
    uint8_t card_kind
    uint8_t state           # RideState
    uint8_t flags
    uint8_t age             # full years on the service day; 0 not known

# What parties owe each other for one ride. Leg i is the i-th of each: one amount, why, by which
# rule or agreement, from whom to whom. Arrays side by side leave no holes; `count` says how many
# there are.
cdef packed struct Legs:
    int64_t amount[LEGS]        # minor units, never negative but in a reversal
    uint32_t rule[LEGS]         # name of the row or agreement that set it
    uint16_t debtor[LEGS]       # member number
    uint16_t creditor[LEGS]
    uint8_t cause[LEGS]         # Cause; 0: not used
    uint8_t count

cdef packed struct Charge:
    int64_t due             # what the ride costs by the table
    int64_t price           # what the rider should pay by the table
    int64_t paid            # what the rider pays
    int64_t variance        # paid - price, borne or kept by the operator; 0 where uncollected
    int64_t uncollected     # the price, where nobody knows of a payment: then paid is 0
    uint32_t rule           # the row that set due
    uint16_t table          # the table version
    uint16_t code           # Code
    Legs legs               # the fare's and the discounts': due + variance - uncollected

cdef packed struct Entry:   # one balanced row of the ledger: ride, charge, and what came with it
    Ride ride
    Charge charge           # its legs now have the fees, too
    uint32_t in_file        # where the taps came from; 0 where there was none
    uint32_t in_line
    uint32_t out_file
    uint32_t out_line
    uint32_t replaces       # the run whose entry of this ride it takes back or replaces; 0: none
    uint16_t window         # the clearing day that settles this entry
    uint8_t reason          # Reason
    uint8_t reserved

cdef packed struct CardState:
    uint64_t card_hi
    uint64_t card_lo
    uint64_t seen_boardings     # bit n: counter (highest - n) was seen on in, single, ride, ...
    uint64_t seen_exits         # the same for out
    uint64_t seen_events        # the same for top-up and lock
    uint32_t chain_due          # due of the first ride of the running transfer chain
    uint32_t last_from_stop     # where the last ride began; 0 in rows of schema 17 and before
    int64_t chain_price         # prices of its rides so far
    uint32_t highest_seq        # highest counter seen
    uint32_t chain_started_at   # when the transfer chain began
    uint32_t last_started_at    # the last ride, where it can give a transfer
    uint32_t last_ended_at
    uint32_t last_line
    uint32_t last_vehicle
    uint16_t last_operator
    uint8_t last_mode
    uint8_t transfers           # used since the chain began, or NO_TRANSFER
    uint32_t last_stop          # where the last ride ended
    uint32_t chain_stop         # where the first ride of the chain began
    uint16_t window             # the closed window at whose end it was so
    uint8_t last_single         # whether the last ride was a SINGLE_TAP
    uint8_t chain               # number of its name; 0: of rides whose fare row names none. Rows of
                                # a card's named chains stand behind this one, and have no counters

cdef packed struct Accumulator:
    uint64_t card_hi
    uint64_t card_lo
    int64_t amount              # what its rule counts, in the period
    uint32_t rides
    uint32_t period             # service day (of many the first), week, month (year * 12 + month
                                # - 1), year; see period_of in ext/clearing/accumulators.pxd
    uint16_t accumulator        # number in the book's dictionary
    uint16_t window             # the closed window at whose end it was so
    uint32_t reserved

cdef packed struct Flow:        # what one member owes another for one cause in a window
    int64_t amount              # minor units
    int32_t count               # of what it is for: rides, bills; less those that are reversed
    uint16_t window
    uint16_t debtor             # member number
    uint16_t creditor
    uint8_t cause               # Cause
    uint8_t reserved
    uint32_t reserved_2

cdef packed struct CardRow:     # of a card register, sorted by card and moment
    uint64_t card_hi
    uint64_t card_lo
    uint32_t valid_from         # UTC seconds; 0: always
    uint16_t born_day           # as of a tap; 0 where neither this row nor one before says it
    uint16_t review_day         # likewise
    uint16_t generation         # of the number, from 1 for its first row
    uint8_t card_kind           # 0 not said
    uint8_t status              # CardStatus; 0 not said
    uint16_t last_day           # the last service day that the card is valid on; 0 not said
    uint16_t reserved

cdef packed struct PersonRow:   # of a card that has a predecessor or replaces one, sorted by card
    uint64_t card_hi
    uint64_t card_lo
    uint64_t first_hi           # the person's first card
    uint64_t first_lo
    uint32_t person             # persons count from 0
    uint32_t place              # among the person's cards, from 0 for the first

# What the engine clears by, compiled from tables and network (fare_tables/, settlement/).

cdef packed struct Member:
    uint64_t validator_media    # bit m: this operator's validators charge medium m
    uint16_t system             # operators of one system share a paid area; 0: not an operator
    uint16_t slot               # operators count from 1, and so do issuers: for dense tables
    uint16_t city
    uint16_t province
    uint8_t holds_variance
    uint8_t reserved
    uint16_t reserved_2
    uint32_t reserved_3

cdef packed struct Tariff:      # one version of one fare table, for one system of operators
    uint32_t counts_to          # index of the first accumulator to feed
    uint32_t companion_within_s # 0: nobody rides along
    uint16_t counts_to_count
    uint16_t table              # name of the table version
    uint16_t first_day
    uint16_t last_day           # inclusive

cdef packed struct CivilOffset:     # how far civil time is ahead, from a moment on, by moment
    int64_t since               # UTC seconds; the first holds before them, too
    int64_t read_since          # civil seconds from which on a civil time is read by it
    int64_t offset_s            # civil time less UTC

cdef packed struct CandidateRows:   # what a tariff has for one card kind, medium and mode
    uint32_t fares              # index of its first fare row, among the candidates
    uint32_t stages             # index of its first stage
    uint16_t fares_count
    uint8_t stages_count
    uint8_t chain_stages        # of them up to the transfer: the price then is the chain's

cdef packed struct DiscountStage:   # the rows of one kind of discount, in stacking order
    uint32_t rows               # index of the first, among the candidates
    uint16_t rows_count
    uint8_t cause               # of its legs
    uint8_t best                # 1: the row that leaves the lowest price wins, not the first

cdef packed struct Condition:   # what a row asks of a ride besides who rides; all must hold
    uint32_t issuers            # row of the member sets; 0: any
    uint32_t operators          # likewise
    uint32_t lines              # row of the line sets; 0: any
    uint32_t not_lines          # of which it is not; 0: any
    uint32_t from_stops         # row of the stop sets; 0: any
    uint32_t not_from_stops
    uint32_t to_stops
    uint32_t not_to_stops
    uint32_t entry_timeframes   # index of the first that the way in can be in
    uint32_t exit_timeframes    # and of the first for the way out
    uint16_t entry_timeframes_count     # 0: any time
    uint16_t exit_timeframes_count
    uint8_t age_from
    uint8_t age_to              # 0: any age, known or not
    uint8_t reviewed            # 1: only while the yearly review is valid
    uint8_t holder_only         # 1: not for those who ride along

cdef packed struct Timeframe:   # part of some days
    uint32_t since_s            # civil seconds of the day
    uint32_t until_s            # exclusive; not after since_s: past midnight
    uint32_t days               # bit n: days with that bit in PricingTables.days
    uint32_t reserved

cdef packed struct FareRow:
    int64_t amount              # flat
    int64_t missing_in          # what an incomplete ride costs, see the *_by
    int64_t missing_out
    int64_t overtime_add
    int64_t matrix              # where its fares begin in the pool; -1: none
    int64_t edges               # where its lowest and highest fares by stop begin; -1: none
    int64_t zones               # where its zone of each stop begins; -1: a stop is its own zone
    uint32_t condition          # 0: none
    uint32_t rule
    uint32_t bands              # index of the first band
    uint32_t same_station       # index of the first step
    uint32_t first_stop         # its system's stops: their places go from here ...
    uint32_t stops              # ... for so many
    uint32_t side               # stops or zones along one side of the matrix
    uint32_t grace_m
    uint32_t overtime_after_s   # 0: rides are never overtime
    uint32_t counts_to          # index of the first accumulator to feed beside the tariff's
    uint16_t counts_to_count
    uint16_t bands_count
    uint16_t same_station_count
    uint8_t basis               # Basis
    uint8_t missing_in_by       # EdgeFare
    uint8_t missing_out_by
    uint8_t overtime_dearest
    uint8_t discounts_on_incomplete
    uint8_t chain               # that its rides are of; 0: the one without a name; NO_CHAIN
    uint32_t lines              # which of the sets of lines' stops it measures by

cdef packed struct SameStation: # what a ride costs that ends where it began
    int64_t amount
    uint32_t within_s           # inclusive
    uint8_t by                  # EdgeFare
    uint8_t reserved
    uint16_t reserved_2

cdef packed struct DiscountRow: # one concession, promotion, transfer, tier or cap
    uint64_t from_modes         # transfer: of the ride before
    int64_t pays_ppm            # share of the price that the rider pays
    int64_t amount              # of the effect
    int64_t accumulated_from    # tier: what its accumulator has counted, at least
    int64_t accumulated_to      # and at most
    int64_t quota_limit
    int64_t quota_uses
    int64_t pays_least          # the rider pays this at least, or what it was before
    int64_t counted_from        # what `counted` comes to with this ride, at least
    int64_t counted_to          # and at most
    int64_t before_from         # what `counted_before` came to in the period before, at least
    int64_t before_to           # and at most
    int64_t credit_over         # carried credit: of what was counted beyond this
    int64_t credit_most
    int64_t first_due_from      # transfer: what was due for the chain's first ride, at least
    int64_t first_due_to        # and at most
    uint32_t condition          # 0: none
    uint32_t rule
    uint32_t unit               # the price is rounded to a multiple
    uint32_t shares             # index of the first funder's share
    uint32_t price_bands        # index of the first band of one price, or of what is counted
    uint32_t fare               # index of the fare row whose fare is paid
    uint32_t within_s
    uint32_t same_line_after_s  # the largest uint32: never
    uint32_t from_operators     # row of the member sets; 0: any
    uint32_t from_lines         # row of the line sets; 0: any
    uint32_t not_from_lines
    uint32_t left_at            # row of the stop sets; 0: any
    uint32_t not_left_at
    uint32_t began_at           # likewise, of where it began
    uint32_t not_began_at
    uint32_t chain_began_at     # likewise, of the chain's first way in
    uint32_t not_chain_began_at
    uint16_t shares_count
    uint16_t price_bands_count
    uint16_t accumulator        # of a tier or cap
    uint16_t quota              # accumulator; 0: no quota
    uint16_t counted            # accumulator; 0: whatever was counted
    uint16_t counted_before     # likewise
    uint16_t credit_of          # accumulator; 0: no carried credit
    uint16_t credit_used        # accumulator of what was used of it
    uint8_t unless              # bit k: not where a row of Cause k applied before
    uint8_t effect              # Effect
    uint8_t rounding            # Rounding
    uint8_t max_transfers
    uint8_t measured_from       # MeasuredFrom
    uint8_t measured_to_end
    uint8_t same_vehicle
    uint8_t narrow              # 1: asks for more than card kind, medium and mode
    uint8_t renews              # 1: time runs anew from a ride that raised what the chain costs
    uint8_t returns             # 1: the ride ends where the chain began
    uint16_t reserved

cdef packed struct Band:        # a stretch of metres or seconds
    int64_t reached             # where it begins
    int64_t to                  # inclusive; the largest int64 for the last
    int64_t every               # 0: one fare for all of it
    int64_t amount              # at its beginning
    int64_t add                 # more per started `every`

cdef packed struct LineStop:    # a stop along a line, sorted by stop
    uint32_t stop
    uint32_t metres

cdef packed struct LineStops:   # where a line's stops are; by set and line number
    uint32_t first
    uint32_t count

cdef packed struct PriceBand:
    int64_t to                  # of the price, inclusive; the largest int64 for the last
    int64_t pays_ppm

cdef packed struct Share:
    int64_t weight
    uint16_t funder             # member number, or SHARE_OPERATOR, SHARE_ISSUER
    uint16_t reserved
    uint32_t reserved_2

cdef packed struct TariffIndex: # the tariffs of one operator, mode and line group
    uint32_t first
    uint32_t count

cdef packed struct AccumulatorRule:
    uint8_t period              # Period
    uint8_t counts              # Counts
    uint16_t days               # how long a period of Period.DAYS is

cdef packed struct Agreement:   # what an operator pays for the clearing of a ride, and to whom
    int64_t clearing_ppm        # of what the rider paid
    int64_t clearing_per_ride   # and so much for every ride
    int64_t clearing_least
    int64_t clearing_most
    int64_t issuer_ppm
    int64_t issuer_per_ride
    int64_t issuer_least
    int64_t issuer_most
    int64_t acquirer_ppm
    int64_t acquirer_per_ride
    int64_t acquirer_least
    int64_t acquirer_most
    uint64_t modes              # bit m: holds for mode m
    uint64_t media
    uint64_t card_kinds
    uint32_t rule               # its name
    uint16_t first_day          # service days, inclusive
    uint16_t last_day
    uint16_t centre             # who takes the clearing fee; 0: nobody
    uint16_t acquirer           # who takes the acquirer's fee; 0: nobody
    uint8_t rounding            # Rounding, of the parts per million
    uint8_t reserved
    uint16_t reserved_2

cdef packed struct ClaimLimit:  # what a table believes that a ride of one kind can come to
    int64_t amount_most     # of what is due, and of what is paid; the largest int64: any
    int64_t variance_most   # either way
    int64_t overdraft_most  # that a tap took more than it says the card had
    uint64_t modes          # bit m: holds for mode m
    uint64_t media

cdef packed struct AgreementIndex:  # the agreements of one issuer with one operator
    uint32_t first
    uint32_t count
