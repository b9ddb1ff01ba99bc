from tests.web.test_same_answer import *
import tests.web.test_same_answer as m
from newsletter.signups import Submission
import time
m.KINDS=("unknown","pending","active","erased","not_me")
async def test_x(doors):
    N=1500
    await doors.service.site.db.write(settle_in, doors, 10, N)
    order = list(product(m.KINDS, range(10, 10 + N)))
    random.Random(7).shuffle(order)
    took={k:[] for k in m.KINDS}
    form=await doors.service.house.form()
    s=doors.service.site
    for kind,n in order:
        sub=Submission(parse(address(kind,n)),{"name":"Mallory"})
        t=time.perf_counter()
        await s.db.write_in_crowd("x", s.signups.sign_up, form, sub)
        took[kind].append(time.perf_counter()-t)
    told = {kind: auc(took[kind], took[UNKNOWN]) for kind in m.KINDS[1:]}
    q=lambda v,p: round(sorted(v)[int(len(v)*p)]*1e6)
    print({k: round(v, 3) for k, v in told.items()}, {k: (q(v,.1),q(v,.25),q(v,.5)) for k, v in took.items()})
