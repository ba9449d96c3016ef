# One image for every process; the command picks which: karmada-apiserver, karmada-controller-manager,
# karmada-scheduler, karmada-simulator, karmadactl.
FROM python:3.11-slim
WORKDIR /opt/karmada
COPY requirements.txt pyproject.toml README.md ./
RUN pip install --no-cache-dir -r requirements.txt
COPY karmada karmada
COPY etcd etcd
COPY apiserver apiserver
COPY controllers controllers
COPY scheduler scheduler
RUN pip install --no-cache-dir --no-deps . && useradd --system karmada \
    && install -d -o karmada /var/lib/karmada
USER karmada
VOLUME /var/lib/karmada
CMD ["karmada-apiserver"]
