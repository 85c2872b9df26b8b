"""The running text of an invented report. Every number in it agrees with the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Publication:
    """A report as its author means it, and the places where the print goes wrong.

    ``figures`` are true and complete; ``misprints`` replace the printed text of single cells. ``topics`` are two
    fields of work the text speaks of. ``fee_statement`` False leaves section six with the single word 无.
    """

    agency: str
    year: int
    form: str
    figures: Mapping[str, int | Decimal]
    published: date
    kind: str = "department"
    topics: tuple[str, str] = ("重点领域信息", "政策解读")
    items: int = 120
    misprints: Mapping[str, str] = field(default_factory=dict)
    fee_statement: bool = True

    @property
    def title(self) -> str:
        return f"{self.agency}{self.year}年政府信息公开工作年度报告"

    @property
    def printed(self) -> dict[str, str]:
        """What stands in the cells, misprints included."""
        return {cell: f"{value}" for cell, value in self.figures.items()} | dict(self.misprints)

    def figure(self, cell: str) -> int | Decimal:
        return self.figures[cell]


def preamble(p: Publication) -> list[str]:
    """The customary opening: basis, period, contact."""
    basis = "国办公开办函〔2021〕30号" if p.form == "2021" else "国办公开办函〔2019〕60号"
    return [
        f"根据《中华人民共和国政府信息公开条例》和《中华人民共和国政府信息公开工作年度报告格式》（{basis}）要求，"
        f"现公布{p.title}。本报告由总体情况、主动公开政府信息情况、收到和处理政府信息公开申请情况、"
        "政府信息公开行政复议和行政诉讼情况、存在的主要问题及改进情况、其他需要报告的事项六个部分组成。",
        f"本报告所列数据的统计期限自{p.year}年1月1日起至{p.year}年12月31日止。"
        f"如对本报告有疑问，请与{p.agency}办公室联系。",
    ]


def overview(p: Publication) -> list[str]:
    """Section one: the five aspects the form asks for; no organ writes the same two years running."""
    return _even_overview(p) if p.year % 2 == 0 else _odd_overview(p)


def problems(p: Publication) -> list[str]:
    """Section five: two concrete problems and what is done about each."""
    first, second = p.topics
    if p.year % 2 == 0:
        return [
            f"主要问题有两个：其一，专栏中{first}的旧文件没有标明效力，公众难以判断能否引用；"
            f"其二，{second}的联系人名单更新偏慢，部分来电无人接听。",
            f"改进措施：其一，组织经办科室逐件补标{first}文件的效力，已于{p.year}年第四季度完成；"
            f"其二，制定{second}值班安排，人员变动三天内替换名单，由档案室抽查。",
        ]
    return [
        f"{p.year}年存在的主要问题：一是{first}方面的文件平均在印发后第十个工作日才在专栏发布，超过规定时限；"
        f"二是{second}方面的解读材料以文字为主，图表和问答形式的不足三成。",
        f"改进情况：一是自{p.year + 1}年1月起将{first}的发布时限写入办文流程，"
        "由办公室每周核对一次未发布清单；"
        f"二是与业务科室共同编写{second}问答，计划上半年发布十篇，并在专栏公布进度。",
    ]


def other_matters(p: Publication) -> list[str]:
    """Section six: the information-handling fee, if the author thought of it."""
    if not p.fee_statement:
        return ["无。"]
    return [
        f"依据《政府信息公开信息处理费管理办法》，{p.year}年{p.agency}未发出信息处理费收费通知，"
        "实际收取信息处理费0元。无其他需要报告的事项。"
    ]


def _odd_overview(p: Publication) -> list[str]:
    first, second = p.topics
    policies, news = p.items // 5, p.items // 2
    return [
        f"（一）主动公开。{p.year}年，{p.agency}通过门户网站主动公开政府信息{p.items}条，其中政策文件{policies}条、"
        f"工作动态{news}条、业务信息{p.items - policies - news}条，"
        f"重点公开了{first}和{second}两方面的内容。{_documents(p)}",
        f"（二）依申请公开。{_requests(p)}{_disputes(p)}",
        f"（三）政府信息管理。落实信息发布审核制度，对涉及{first}的文件在拟稿时同步确定公开属性，"
        "全年对已公开文件开展一次清理，并及时更新文件的有效性标注。",
        f"（四）政府信息公开平台建设。在门户网站设置政府信息公开专栏，新增{second}栏目，"
        "完善站内检索和文件下载功能，每季度检查一次链接是否可用。",
        f"（五）监督保障。{p.agency}明确一名负责同志分管政务公开工作，组织业务培训两次，把公开工作纳入年度考核。"
        + _government(p),
    ]


def _even_overview(p: Publication) -> list[str]:
    first, second = p.topics
    policies, news = p.items // 5, p.items // 2
    return [
        f"（一）主动公开。全年累计向社会主动公开政府信息{p.items}条，包括政策文件{policies}条、工作动态{news}条、"
        f"业务信息{p.items - policies - news}条，群众查阅较多的是{first}、{second}。{_documents(p)}",
        f"（二）依申请公开。{_requests(p)}{_disputes(p)}",
        f"（三）政府信息管理。编制{first}目录，逐条注明保管科室和更新周期；涉密和敏感内容由保密员复核后才可上网。",
        f"（四）政府信息公开平台建设。网站改版后把{second}放到首页，手机页面字号可调，办事大厅添置查阅电脑。",
        "（五）监督保障。主要负责人听取专题汇报，年底按评分表对各科室考核，结果张榜公布，新进人员先培训后上岗。"
        + _government(p),
    ]


def _documents(p: Publication) -> str:
    row = "disclosure/normative_documents"
    if p.form == "2019":
        return f"新制作规范性文件{p.figure(f'{row}/created')}件，均已公开。"
    return (
        f"制发行政规范性文件{p.figure(f'{row}/issued')}件，废止{p.figure(f'{row}/repealed')}件，"
        f"现行有效{p.figure(f'{row}/in_force')}件。"
    )


def _requests(p: Publication) -> str:
    received, carried_in, concluded, forward = (
        p.figure(f"requests/{row}/total") for row in ("received", "carried_in", "concluded", "carried_forward")
    )
    if not received and not carried_in:
        return f"{p.year}年未收到政府信息公开申请。"
    text = f"{p.year}年新收政府信息公开申请{received}件，上年结转{carried_in}件。办结申请{concluded}件"
    granted = p.figure("requests/granted/total")
    if granted:
        text += f"，其中予以公开{granted}件"
    return f"{text}，结转下年度继续办理{forward}件。"


def _disputes(p: Publication) -> str:
    review = p.figure("disputes/review/total")
    suits = p.figure("disputes/direct_suit/total") + p.figure("disputes/suit_after_review/total")
    if not review and not suits:
        return "全年未发生因政府信息公开引起的行政复议和行政诉讼。"
    return f"因政府信息公开引起的行政复议{review}件，行政诉讼{suits}件。"


def _government(p: Publication) -> str:
    if p.kind != "government":
        return ""
    return "对各部门开展政务公开工作考核，邀请社会代表进行评议，全年未发生需要责任追究的情形。"
