#!/usr/bin/env bash
# Run the numerical tests as on lesser CPUs: no claim may rest on how one kind of them rounds.
#     tests/cpus.sh .venv/bin/python [options of pytest]
# torch, oneDNN and MKL are each told which instructions they may use, up to those there are. With
# one thread and with two, whose sums are cut differently.
set -uo pipefail
python=$1
shift
cd "$(dirname "$0")/.."

case $("$python" -c 'import torch; print(torch.backends.cpu.get_cpu_capability())') in
    AVX512*) kinds="default:SSE41:SSE4_2 avx2:AVX2:AVX2 avx512:AVX512_CORE:AVX512" ;;
    AVX2*) kinds="default:SSE41:SSE4_2 avx2:AVX2:AVX2" ;;
    *) kinds="default:SSE41:SSE4_2" ;;  # not an x86: the last two mean nothing there
esac
status=0
for kind in $kinds; do
    IFS=: read -r aten onednn mkl <<< "$kind"
    for threads in 1 2; do
        printf '\n== torch %s, oneDNN %s, MKL %s, threads: %d\n' "$aten" "$onednn" "$mkl" "$threads"
        ATEN_CPU_CAPABILITY=$aten ONEDNN_MAX_CPU_ISA=$onednn MKL_ENABLE_INSTRUCTIONS=$mkl \
            OMP_NUM_THREADS=$threads OMP_WAIT_POLICY=PASSIVE "$python" -m pytest "$@" \
            tests/evaluators/{diagnosis,networks,training} tests/evaluators/test_*.py \
            tests/space/{analysis,eafo,enumeration,expressions,families,modules} \
            tests/contracts/test_{catalog,evaluators,families,primitives}.py || status=1
    done
done
exit $status
