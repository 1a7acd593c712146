"""Words by which people head the columns of tap files, in Chinese and in English.

By column of onecard-taps/1, the likelier first; compared in lower case, without spaces, underscores
and what stands in brackets. `date` and `time` are halves of `tapped_at`.
"""

from __future__ import annotations

import re


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEADER_WORDS: dict[str, tuple[str, ...]] = {
    "card": _words(
        "卡号 卡面号 卡片号 主账号 卡内号 逻辑卡号 票卡号 应用序列号 支付账户号 card cardno "
        "cardnumber cardid cardcode pan paycardid tokenid 卡片序列号 用户卡号 ic卡号 "
        "卡片编号 卡编号 物理卡号 应用主账号 cardserialno cardserial cardserialnumber"),
    "card_seq": _words(
        "卡计数器 卡内交易序号 卡内序号 卡片交易序号 卡交易序号 卡片脱机交易序号 "
        "脱机交易序号 卡序号 消费计数器 卡片消费计数器 交易计数器 交易计数 累计次数 计数 "
        "cardseq cardcounter counter atc txnseq offlineseq 卡内计数 卡交易计数器 卡计数 "
        "脱机交易流水号 txncounter transactioncounter cardtxnseq"),
    "tapped_at": _words(
        "交易时间 刷卡时间 消费时间 打卡时间 交易日期时间 日期时间 tappedat datetime 时间戳 "
        "timestamp dealdate eventtimestamp taptime transactiontime datetimeutc 发生时间 "
        "扫码时间 过闸时间 乘车时间 验票时间 交易时刻 transactiondatetime tradetime txntime "
        "txndatetime devicetime"),
    "date": _words(
        "交易日期 刷卡日期 消费日期 日期 date txndate 发生日期 乘车日期 transactiondate "
        "tradedate"),
    "time": _words(
        "交易时间 刷卡时间 消费时间 时间 time txntime 刷卡时刻 交易时刻 时刻 transactiontime"),
    "operator": _words(
        "运营单位 运营公司 公司 公司名称 企业 企业名称 商户 商户号 operator operatorid "
        "company companyid companyname agency"),
    "device": _words(
        "终端编号 终端号 终端代码 终端 设备号 设备编号 设备代码 设备 pos号 pos机号 机号 "
        "机具号 机具编号 机具 psam psam号 terminal terminalid device deviceid equno posid "
        "validator 车载机编号 车载机号 车载机 pos机编号 验票机编号 验票机 读卡器 读卡器编号 "
        "deviceno terminalno terminalcode"),
    "device_seq": _words(
        "终端交易序号 终端流水号 终端流水 终端序号 pos流水 pos流水号 流水号 流水 机序号 "
        "记录流水 deviceseq terminalseq trace traceno 终端交易流水号 设备流水号"),
    "line": _words(
        "线路 线路号 线路名称 线路编号 线路编码 线路代码 路线 line lineid lineno route "
        "routeid corridorid 线路名 营运线路 公交线路 运营线路 routeno routename"),
    "vehicle": _words(
        "车辆 车辆号 车号 车牌 车牌号 自编号 车辆编号 vehicle vehicleid busno busid carno "
        "车牌号码 车辆牌照 busplate plateno platenumber"),
    "stop": _words(
        "站点 站名 站号 车站 站点名称 站点编号 站点编码 站点代码 车站编号 车站代码 stop "
        "stopid station stationid 站台 stationname stopname"),
    "kind": _words(
        "交易类型 记录类型 交易 类型 业务类型 进出站标识 进出站标志 进出站 上下车标识 "
        "上下车标志 上下车 dealtype kind taptype txntype transactiontype 进出标志 进出标识 "
        "刷卡类型 inout"),
    "card_kind": _words(
        "卡种 卡类型 卡类 票种 卡种类 cardkind cardtype riderclass 卡类别 卡别 票卡类型 "
        "乘客类型"),
    "direction": _words("方向 上下行 direction"),
    "due": _words(
        "应收金额 应收 应付金额 原价 标价 票价 折前金额 优惠前金额 due dealvalue fare "
        "fullfare 应扣金额 票价金额 原票价 票面价 折扣前金额 应收票款 grossamount amountdue"),
    "paid": _words(
        "实收金额 实收 实付金额 交易金额 消费金额 扣款金额 扣费金额 金额 paid dealmoney "
        "amount payamount chargeamount 实扣金额 扣款 交易额 支付金额 实际扣款 实收票款 "
        "消费额 amountcharged chargedamount amountyuan amountpaid netamount"),
    "balance_before": _words(
        "交易前余额 消费前余额 扣款前余额 balancebefore 卡内原额 原余额 交易前卡余额"),
    "mode": _words("行业 行业类型 交通方式 交通工具 出行方式 mode transportmode"),
    "in_at": _words(
        "上车时间 进站时间 入站时间 上车刷卡时间 进站刷卡时间 entrytime tapintime "
        "boardingtime"),
    "in_stop": _words(
        "上车站 上车站点 上车站名 进站站点 进站站名 入站站点 入站站名 进站车站 进站 "
        "entrystation boardingstop tapinstop"),
    "out_at": _words(
        "下车时间 出站时间 下车刷卡时间 出站刷卡时间 exittime tapouttime alightingtime"),
    "out_stop": _words(
        "下车站 下车站点 下车站名 出站站点 出站站名 出站车站 出站 exitstation alightingstop "
        "tapoutstop"),
    "tac": _words("tac tac码 交易认证码 交易验证码"),
}
# What is done to a card, in the words and numbers that files have.
KIND_WORDS: dict[str, tuple[str, ...]] = {
    "single": _words(
        "消费 刷卡 刷卡消费 扫码 扫码消费 换乘 公交 巴士 公交消费 脱机消费 复合消费 单次 "
        "一票制 06 09 single tap sale"),
    "in": _words("进站 入站 地铁入站 地铁进站 上车 上车刷卡 进闸 in on entry tapin tapon"),
    "out": _words("出站 地铁出站 下车 下车刷卡 出闸 out off exit tapout tapoff"),
    "refund": _words("退款 退费 退票 冲正 撤销 消费撤销 消费冲正 交易撤销 refund reversal"),
    "top_up": _words("充值 圈存 圈存充值 02 topup load"),
}
MODE_WORDS = {"bus": _words("公交 巴士 汽车 公共汽车 01 bus"),
              "metro": _words("地铁 轨道 轨道交通 03 metro subway"),
              "ferry": _words("轮渡 06 ferry"), "tram": _words("有轨 有轨电车 04 tram")}
TOTAL_WORDS = ("合计", "总计", "小计", "共计", "total", "sum")

_NOISE = re.compile(r"[\s_\-./#]|[(（\[【].*?[)）\]】]")


def plain_word(text: str) -> str:
    """A header without what does not matter in it."""
    return _NOISE.sub("", text).lower()


def is_known(text: str) -> bool:
    """Whether it heads a column in some file."""
    word = plain_word(text)
    return any(word in words for words in HEADER_WORDS.values())


def find_kind(text: str) -> str:
    """The kind that a value stands for; "" where nobody knows."""
    word = plain_word(text)
    return next((kind for kind, words in KIND_WORDS.items() if word in words), "")


def find_mode(text: str) -> str:
    """The mode that a value stands for; "" where nobody knows."""
    word = plain_word(text)
    return next((mode for mode, words in MODE_WORDS.items() if word in words), "")
