# The demo, offline once built:
#   docker build -t vrbench . && docker run --rm --network none vrbench
# Another command: docker run --rm -v "$PWD:/data" -w /data vrbench vrbench eval mine.h5
FROM python:3.11-slim

# wheels of torch for CPUs, at the version of constraints.txt
ARG INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /vrbench
COPY . .
RUN pip install --no-cache-dir --extra-index-url "$INDEX" -c constraints.txt '.[fast,plots,video]'

WORKDIR /data
CMD ["vrbench", "eval", "--method", "global", "--method", "max-avg", "--method", "tokenflow", \
     "--norm", "none", "--norm", "ncl"]
