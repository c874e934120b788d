"""Work and state of one sample, counted from the shape of an architecture."""

from domain.architectures.counts import OperationCounts as OperationCounts
from domain.architectures.counts import joined as joined
from domain.architectures.encoder_decoder import count_encoder_decoder as count_encoder_decoder
from domain.architectures.perceptron import count_mlp as count_mlp
from domain.architectures.proportions import count_gpt_like as count_gpt_like
from domain.architectures.recommender import count_dlrm as count_dlrm
from domain.architectures.recommender import count_embedding_mlp as count_embedding_mlp
from domain.architectures.transformer import count_transformer as count_transformer
